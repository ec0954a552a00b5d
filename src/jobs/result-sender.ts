import type { Endpoint } from '../endpoint/endpoint.js';
import { acceptedEncoding, compressed, setVary, SMALL } from '../http/content-encoding.js';
import { decorationOf } from '../http/route-decoration.js';
import { isGone, rawResponse, send, setHeader, type NestResponse } from '../http/reply.js';
import type { JobResult } from './job.js';

/** Gives clients the answers of an endpoint's jobs, as they would have got those of calls. */
export class ResultSender {
  readonly #decorate: (response: NestResponse) => void;
  readonly #compresses: boolean;

  constructor(endpoint: Endpoint) {
    this.#decorate = decorationOf(endpoint);
    this.#compresses = endpoint.options.compress;
  }

  async send(response: NestResponse, result: JobResult): Promise<void> {
    const { status, type, headers } = result;
    let { body } = result;
    this.#decorate(response);
    for (const [name, value] of Object.entries(headers)) setHeader(response, name, value);
    // What the app has sent itself is sent as it was.
    if (this.#compresses && status < 400 && headers['content-encoding'] === undefined) {
      setVary(response);
      const raw = rawResponse(response);
      const encoding = acceptedEncoding(raw.req.headers['accept-encoding'] as string | undefined);
      if (encoding !== undefined && body.length > SMALL) {
        body = await compressed(body, encoding);
        if (isGone(raw)) return;
        setHeader(response, 'content-encoding', encoding);
      }
    }
    send(response, status, type, body);
  }
}
