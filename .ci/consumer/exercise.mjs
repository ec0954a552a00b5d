// Starts an app, calls it, and ends it with SIGTERM while a call is under way.
// usage: node exercise.mjs <serve|listen> <program> <arguments of the program…>
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

const [entry, program, ...args] = process.argv.slice(2);
const app = spawn(program, [...args, entry], { env: { ...process.env, PORT: '0' } });
let output = '';
for (const stream of [app.stdout, app.stderr]) {
  stream.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
    app.emit('printed');
  });
}
const ended = once(app, 'close');

async function printed(pattern) {
  for (;;) {
    const match = pattern.exec(output);
    if (match) return match;
    const over = await Promise.race([once(app, 'printed'), ended.then(() => 'over')]);
    if (over === 'over') throw new Error(`It ended before it printed ${pattern}`);
  }
}

try {
  const [, url] = await printed(/^at (http.*)$/m);
  const greet = (body, headers = {}) =>
    fetch(`${url}/greet`, { method: 'POST', body: JSON.stringify(body), headers });

  const answer = await greet({ name: 'Ada' });
  assert.deepEqual(await answer.json(), { greeting: 'Hello, Ada' });

  const refusal = await greet({ nme: 'Ada' });
  assert.equal(refusal.status, 400);
  const { code, details } = await refusal.json();
  assert.equal(code, 'INVALID_ARGUMENT');
  assert.equal(details[0].path, '$.nme');

  // With those that the app has made by the client and by gRPC.
  const metrics = await (await fetch(`${url}/__metrics`)).text();
  assert.match(metrics, /^model_serving_requests_total\{.*outcome="ok".*\} 3$/m);
  assert.match(metrics, /^model_serving_requests_total\{.*outcome="invalid".*\} 2$/m);

  const inputs = [{ name: 'name', datatype: 'BYTES', shape: [2], data: ['Ada', 'Bo'] }];
  const inferred = await fetch(`${url}/v2/models/Greeter/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs }),
  });
  const { outputs } = await inferred.json();
  assert.deepEqual(outputs[0].data, ['Hello, Ada', 'Hello, Bo']);

  const submitted = await greet({ name: 'Dee' }, { prefer: 'respond-async' });
  assert.equal(submitted.status, 202);
  const job = url + submitted.headers.get('location');
  const { state } = await (await fetch(job, { headers: { prefer: 'wait=30' } })).json();
  assert.equal(state, 'succeeded');
  const result = await fetch(`${job}/result`);
  assert.deepEqual(await result.json(), { greeting: 'Hello, Dee' });

  const bench = [
    'bench',
    `${url}/greet`,
    '--data',
    '-',
    '--rates',
    '20',
    '--duration',
    '0.5',
    '--json',
  ];
  const { stdout } = spawnSync('npx', ['nestjs-model-serving', ...bench], {
    input: '{"name": "Ada"}',
    encoding: 'utf8',
  });
  assert.equal(JSON.parse(stdout).steps[0].good, 10);

  const last = greet({ name: 'the last' });
  await printed(/^held$/m);
  app.kill('SIGTERM');
  assert.deepEqual(await (await last).json(), { greeting: 'Hello, the last' });
  // Nest's own shutdown hooks end with the signal, serve() with success.
  const end = entry === 'listen' ? [null, 'SIGTERM'] : [0, null];
  assert.deepEqual(await ended, end);
} catch (error) {
  app.kill('SIGKILL');
  console.error(output);
  throw error;
}
