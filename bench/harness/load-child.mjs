// The closed loop: each connection sends its next request when its last was answered, at once. Plain
// sockets and prepared bytes, since an HTTP client would cost more than the servers it is to load.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { quantile } from './statistics.mjs';

const {
  port,
  shots,
  connections,
  requests = Infinity,
  seconds = Infinity,
} = JSON.parse(readFileSync(process.argv[2], 'utf8'));

const prepared = shots.map(({ path, body }) =>
  Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  ),
);

const statuses = {};
const latencies = [];
let sent = 0;
let answered = 0;
let open = 0;

/** The rate of a count is that of its last nine tenths: until then V8 compiles this very file. */
const settling = requests === Infinity ? 0 : Math.floor(requests / 10);
let began = performance.now();
const until = began + seconds * 1_000;

class Connection {
  #socket;
  #sentAt = 0;
  #waiting = false;
  #buffer = '';

  constructor() {
    open++;
    this.#open();
  }

  #open() {
    this.#buffer = '';
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setNoDelay(true).setEncoding('latin1');
    this.#socket.on('data', (text) => this.#receive(text));
    this.#socket.on('error', () => {});
    // Whoever closes after every answer, as gunicorn's sync worker does, is met again.
    this.#socket.on('close', () => {
      if (this.#waiting) this.#count('broken');
      this.#next();
    });
    this.#socket.on('connect', () => this.#send());
  }

  /** Sends on the open socket, opens another one, or ends. */
  #next() {
    const over = sent >= requests || performance.now() >= until;
    if (over) this.#end();
    else if (this.#socket.destroyed) this.#open();
    else this.#send();
  }

  #send() {
    if (sent >= requests) return this.#end();
    this.#waiting = true;
    this.#sentAt = performance.now();
    this.#socket.write(prepared[sent++ % prepared.length]);
  }

  #receive(text) {
    this.#buffer = this.#buffer === '' ? text : this.#buffer + text;
    const headEnd = this.#buffer.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = this.#buffer.slice(0, headEnd + 2);
    const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(head);
    if (!length) throw new Error(`an answer without Content-Length:\n${head}`);
    if (this.#buffer.length < headEnd + 4 + Number(length[1])) return;
    this.#buffer = '';
    this.#count(head.slice(9, 12));
    if (/\r\nconnection: *close\r\n/i.test(head)) this.#socket.destroy();
    else this.#next();
  }

  #count(status) {
    this.#waiting = false;
    const now = performance.now();
    if (now > until) return;
    if (++answered === settling) began = now;
    statuses[status] = (statuses[status] ?? 0) + 1;
    latencies.push(now - this.#sentAt);
  }

  #end() {
    this.#socket.removeAllListeners('close').destroy();
    if (--open === 0) report();
  }
}

for (let i = 0; i < connections; i++) new Connection();

function report() {
  const elapsed = (Math.min(performance.now(), until) - began) / 1_000;
  console.log(
    JSON.stringify({
      rate: (answered - settling) / elapsed,
      requests: answered,
      seconds: elapsed,
      statuses,
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
    }),
  );
}
