import { createServer, type ServerResponse } from 'node:http';
import { InferenceSession, Tensor } from 'onnxruntime-node';

/**
 * Dynamic batching as one would write it by hand: while a batch runs the next one gathers, so an
 * idle server adds no wait. No schema, no limits, no metrics.
 */
const MAX_BATCH = 32;
const INPUTS = 256;
const OUTPUTS = 16;

const session = await InferenceSession.create(process.env.MODEL!, { intraOpNumThreads: 1 });

interface Waiting {
  readonly features: number[];
  readonly response: ServerResponse;
}

let waiting: Waiting[] = [];
let busy = false;

async function run(): Promise<void> {
  busy = true;
  while (waiting.length > 0) {
    const batch = waiting.slice(0, MAX_BATCH);
    waiting = waiting.slice(MAX_BATCH);
    const data = new Float32Array(batch.length * INPUTS);
    batch.forEach(({ features }, index) => data.set(features, index * INPUTS));
    const features = new Tensor('float32', data, [batch.length, INPUTS]);
    const { scores } = await session.run({ features });
    const values = scores!.data as Float32Array;
    batch.forEach(({ response }, index) => {
      const own = values.subarray(index * OUTPUTS, (index + 1) * OUTPUTS);
      answer(response, 200, { scores: Array.from(own) });
    });
  }
  busy = false;
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { features } = JSON.parse(Buffer.concat(chunks).toString() || '{}');
    if (!Array.isArray(features) || features.length !== INPUTS) {
      answer(response, 400, { error: `expected ${INPUTS} features` });
      return;
    }
    waiting.push({ features, response });
    if (!busy) void run();
  });
});

server.listen(Number(process.env.PORT), '127.0.0.1');
