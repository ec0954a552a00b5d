import { Agent, request, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { Client, credentials, status } from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import { mutated, randomOf } from './mutation.js';

const input = (name: string, more: object) => ({
  name,
  shape: [1, 16],
  datatype: 'INT32',
  ...more,
});
const LIST = Array.from({ length: 16 }, (_, index) => index);
const BYTES = Buffer.from(Int32Array.from([...LIST, ...LIST]).buffer);
const JSON_BODY = Buffer.from(
  JSON.stringify({
    id: 'x',
    parameters: { timeout: 9_000_000 },
    inputs: [input('INPUT0', { data: LIST }), input('INPUT1', { data: [LIST] })],
    outputs: [{ name: 'OUTPUT0', parameters: { binary_data: true } }, { name: 'OUTPUT1' }],
  }),
);
const HEAD = Buffer.from(
  JSON.stringify({
    inputs: ['INPUT0', 'INPUT1'].map((name) =>
      input(name, { parameters: { binary_data_size: 64 } }),
    ),
    parameters: { binary_data_output: true },
  }),
);
const BINARY_BODY = Buffer.concat([HEAD, BYTES]);
/** As Triton's client writes it: two inputs of the model `simple`, raw. */
const MESSAGE = Buffer.concat([
  Buffer.from('0a0673696d706c65', 'hex'),
  ...['INPUT0', 'INPUT1'].map((name) =>
    Buffer.concat([
      Buffer.from('2a13' + '0a06', 'hex'),
      Buffer.from(name),
      Buffer.from('1205494e5433321a020110', 'hex'),
    ]),
  ),
  Buffer.from('3a40', 'hex'),
  BYTES.subarray(0, 64),
  Buffer.from('3a40', 'hex'),
  BYTES.subarray(64),
]);

const SERVICE = '/inference.GRPCInferenceService';
const asItIs = (bytes: Buffer) => bytes;

/** What no client may bring about but by its own deadline. */
const FAULTS = new Set<number>([
  status.UNKNOWN,
  status.INTERNAL,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

/** Requests under way at once. */
const AT_ONCE = 8;

export type Wire = 'http' | 'grpc' | 'stream';

/** Sends requests to the model `simple` that have been changed at random, the same for the same seed. */
export class WireFuzz {
  /** How many answers of each kind there were. */
  readonly told: Record<string, number> = {};
  readonly #seed: number;
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #client: Client;
  #next = 0;

  constructor(seed: number, { url, address }: { url: string; address: string }) {
    this.#seed = seed;
    this.#url = `${url}/v2/models/simple/infer`;
    this.#client = new Client(address, credentials.createInsecure());
    onTestFinished(() => {
      this.#agent.destroy();
      this.#client.close();
    });
  }

  /** What is answered to requests as they should be, by JSON, binary and gRPC. */
  async unchanged(): Promise<number[]> {
    const length = String(HEAD.length);
    return [
      await this.#post(JSON_BODY),
      await this.#post(BINARY_BODY, length),
      await this.#call(MESSAGE),
    ];
  }

  /** @throws Error where one ends as the server's fault */
  async run(wire: Wire, count: number): Promise<void> {
    const end = this.#next + count;
    if (wire === 'stream') return this.#stream(end);
    const send = wire === 'http' ? this.#sendHttp : this.#sendGrpc;
    const worker = async () => {
      while (this.#next < end) await send.call(this, this.#next++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  async #sendHttp(index: number): Promise<void> {
    const random = this.#random(index);
    const forms = ['json', 'binary', 'torn'];
    const form = forms[index % forms.length]!;
    const code =
      form === 'json'
        ? await this.#post(mutated(JSON_BODY, random))
        : await this.#post(
            mutated(BINARY_BODY, random),
            String(form === 'binary' ? HEAD.length : random(BINARY_BODY.length + 9)),
          );
    this.#note(form, code, code >= 500 && code !== 504, index);
  }

  async #sendGrpc(index: number): Promise<void> {
    const code = await this.#call(mutated(MESSAGE, this.#random(index)));
    this.#note('grpc', code, FAULTS.has(code), index);
  }

  /** All by one stream, each of which has an answer, the failure's among them. */
  #stream(end: number): Promise<void> {
    const begin = this.#next;
    const stream = this.#client.makeBidiStreamRequest(
      `${SERVICE}/ModelStreamInfer`,
      asItIs,
      asItIs,
    );
    return new Promise((resolve, reject) => {
      let answers = 0;
      stream.on('data', (answer: Buffer) => {
        const isFault = answer.includes('Internal server error');
        try {
          this.#note('stream', Number(answer[0] === 0x0a), isFault, begin + answers++);
        } catch (error) {
          reject(error);
        }
      });
      stream.on('error', reject);
      stream.on('end', () => {
        if (begin + answers === end) resolve();
        else reject(new Error(`${answers} answers to ${end - begin} requests`));
      });
      const write = () => {
        while (this.#next < end) {
          if (!stream.write(mutated(MESSAGE, this.#random(this.#next++)))) {
            stream.once('drain', write);
            return;
          }
        }
        stream.end();
      };
      write();
    });
  }

  #random(index: number) {
    return randomOf(this.#seed + index);
  }

  #note(form: string, code: number, isFault: boolean, index: number): void {
    if (isFault) throw new Error(`${form}: ${code} for case ${index} of seed ${this.#seed}`);
    const key = `${form} ${code}`;
    this.told[key] = (this.told[key] ?? 0) + 1;
  }

  async #post(body: Buffer, headerLength?: string): Promise<number> {
    const headers = headerLength ? { 'inference-header-content-length': headerLength } : {};
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(this.#url, { agent: this.#agent, method: 'POST', headers }, resolve);
      sent.on('error', reject).end(body);
    });
    const bytes = await buffer(response);
    const { statusCode } = response;
    if (statusCode !== 200 && typeof JSON.parse(String(bytes)).error !== 'string') {
      throw new Error(`A ${statusCode} without an error: ${bytes}`);
    }
    return statusCode!;
  }

  #call(message: Buffer): Promise<number> {
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(`${SERVICE}/ModelInfer`, asItIs, asItIs, message, (error) =>
        resolve(error?.code ?? status.OK),
      );
    });
  }
}
