import http, { type OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { urlToHttpOptions } from 'node:url';

/** What is asked, and how. */
export interface Target {
  readonly url: URL;
  readonly headers: OutgoingHttpHeaders;
  /** Sent in turn. */
  readonly bodies: readonly Buffer[];
}

/** How a request ended. */
export interface Ending {
  /** An answer's status, `timeout`, or the code of what befell the connection, such as `ECONNRESET`. */
  readonly outcome: string;
  /** The beginning of an answer other than 2xx, or what the error says. */
  readonly words: string;
}

/** What servers keep idle connections for at least, milliseconds. */
const SHORTEST_KEEP_ALIVE = 1_000;
/** What a message may take of a terminal. */
const MOST_WORDS = 300;
/** What a terminal would obey, which is not for a server to tell it. */
const CONTROLS = /\p{Cc}+/gu;

/** POSTs over connections that stay open, one for each request that is under way. */
export class Sender {
  readonly #request: (typeof http)['request'];
  readonly #options: http.RequestOptions;
  readonly #agent: http.Agent;
  readonly #bodies: readonly Buffer[];
  /** When the last answer of a connection had come. */
  readonly #idleSince = new WeakMap<Socket, number>();
  #sent = 0;
  #isClosed = false;

  /** @param connections how many stay open while they are idle */
  constructor({ url, headers, bodies }: Target, connections: number) {
    const { Agent, request } = url.protocol === 'https:' ? https : http;
    this.#request = request;
    this.#agent = new Agent({ keepAlive: true, maxFreeSockets: connections });
    this.#options = { ...urlToHttpOptions(url), method: 'POST', headers, agent: this.#agent };
    this.#bodies = bodies;
  }

  /** Sends the next body and waits for the whole answer. Never rejects. */
  send(milliseconds: number): Promise<Ending> {
    return this.#exchange(this.#bodies[this.#sent++ % this.#bodies.length]!, milliseconds);
  }

  #exchange(body: Buffer, milliseconds: number): Promise<Ending> {
    return new Promise((resolve) => {
      const request = this.#request(this.#options);
      const sent = performance.now();
      let isOver = false;
      const end = (outcome: string, words = ''): void => {
        isOver = true;
        clearTimeout(timer);
        resolve({ outcome, words: words.replace(CONTROLS, ' ').trim() });
      };
      const timer = setTimeout(() => {
        end('timeout', 'no answer in time');
        request.destroy();
      }, milliseconds);
      let hasAnswer = false;
      const fail = (error: NodeJS.ErrnoException): void => {
        if (isOver) return undefined;
        if (this.#isClosed) return end('closed');
        // The server had closed an idle connection while the request was on its way: nobody has read it.
        const isIdle = sent - this.#idleSince.get(request.socket!)! >= SHORTEST_KEEP_ALIVE;
        const isStale = error.code === 'ECONNRESET' && request.reusedSocket && !hasAnswer;
        if (!isStale || !isIdle) return end(error.code ?? error.name, error.message);
        clearTimeout(timer);
        return resolve(this.#exchange(body, milliseconds));
      };
      request.once('error', fail);
      request.once('response', (response) => {
        hasAnswer = true;
        const status = String(response.statusCode);
        let words = '';
        response.once('error', fail);
        response.once('end', () => {
          this.#idleSince.set(request.socket!, performance.now());
          end(status, words);
        });
        if (isGood(status)) return response.resume();
        return response.setEncoding('utf8').on('data', (text: string) => {
          if (words.length < MOST_WORDS) words = (words + text).slice(0, MOST_WORDS);
        });
      });
      request.end(body);
    });
  }

  /** Closes all connections; requests that are under way end as `closed`. */
  close(): void {
    this.#isClosed = true;
    this.#agent.destroy();
  }
}

/** Whether an outcome is an answer that one wants. */
export function isGood(outcome: string): boolean {
  return /^2\d\d$/.test(outcome);
}
