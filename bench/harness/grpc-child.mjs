// node grpc-child.mjs <port> <requests>: a closed loop of calls by gRPC, 32 at once on one connection.
// Prints the milliseconds that it took.
import { Client, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { answer, body } from '../workload/classify.mjs';

const AT_ONCE = 32;
const [port, requests] = process.argv.slice(2).map(Number);
const { bench } = loadPackageDefinition(loadSync('bench/workload/classify.proto'));
const { path, requestSerialize, responseDeserialize } = bench.Classifier.service.Classify;
const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
const message = requestSerialize(JSON.parse(body));
const asItIs = (bytes) => bytes;

function call() {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, asItIs, asItIs, message, (error, bytes) =>
      error ? reject(error) : resolve(bytes),
    );
  });
}

let left = requests;
async function loop() {
  while (left-- > 0) await call();
}

const told = responseDeserialize(await call());
for (const [name, value] of Object.entries(answer)) {
  if (told[name] !== value) throw new Error(`${name} is ${told[name]}, expected ${value}`);
}
const began = performance.now();
await Promise.all(Array.from({ length: AT_ONCE }, loop));
console.log(performance.now() - began);
client.close();
