import { LRUCache } from 'lru-cache';
import type { Answer } from '../endpoint/answer.js';
import { X_CACHE } from '../gate/x-cache.js';
import { SMALL, acceptedEncoding, compressed, setVary, type Encoding } from './content-encoding.js';
import { describeAnswer, type HttpCall } from './http-call.js';
import { JSON_TYPE, isGone, rawResponse, send, setHeader } from './reply.js';

/** Characters and bytes of kept answers and of their compressed forms. */
const KEPT = 16 * 1024 * 1024;

/** Sends answers past a framework's own ways. */
export class AnswerSender {
  /** Compressed forms by encoding, type and text, of answers that a cache may give again. */
  readonly #kept = new LRUCache<string, Buffer>({
    maxSize: KEPT,
    sizeCalculation: (body, key) => body.length + key.length,
  });

  send(call: HttpCall, answer: Answer): void {
    const body = bodyOf(call, answer);
    if (!call.endpoint.options.compress) return sendBody(call, body);
    const { response } = call;
    setVary(response);
    const encoding = acceptedEncoding(call.headers['accept-encoding'] as string | undefined);
    if (encoding === undefined || Buffer.byteLength(body) <= SMALL) return sendBody(call, body);
    this.#compress(call, answer, body, encoding)
      .then((packed) => {
        if (call.isAnswered || isGone(rawResponse(response))) return;
        setHeader(response, 'content-encoding', encoding);
        sendBody(call, packed);
      })
      .catch(() => rawResponse(response).destroy()); // nobody is above who would answer
  }

  async #compress(
    call: HttpCall,
    answer: Answer,
    body: string | Buffer,
    encoding: Encoding,
  ): Promise<Buffer> {
    if (call.endpoint.cache === undefined) return compressed(body, encoding);
    const key = `${encoding} ${call.isBinary} ${call.endpoint.route} ${answer.text}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const packed = await compressed(body, encoding);
    this.#kept.set(key, packed);
    return packed;
  }
}

function bodyOf({ binaryType, endpoint }: HttpCall, answer: Answer): string | Buffer {
  return binaryType === undefined ? answer.text : answer.bytes(endpoint.schema!.response!);
}

/** The head in one piece, which Node writes as it is, where it is Node's response. */
function sendBody(call: HttpCall, body: string | Buffer): void {
  const { response, requestId, cacheResult, age, binaryType } = call;
  const type = binaryType ?? JSON_TYPE;
  if ('raw' in response) {
    describeAnswer(call, response);
    return send(response, response.statusCode, type, body);
  }
  const head = [
    'x-request-id',
    requestId,
    'content-type',
    type,
    'content-length',
    String(Buffer.byteLength(body)),
  ];
  if (cacheResult !== undefined) {
    head.push('x-cache', X_CACHE[cacheResult]);
    if (cacheResult === 'hit') head.push('age', String(age));
  }
  response.writeHead(response.statusCode, head);
  response.end(body);
}
