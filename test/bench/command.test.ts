import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { InvalidRequest, ModelEndpoint } from 'nestjs-model-serving';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Report } from '../../src/bench/report.js';
import { Scrape } from '../load/metrics.js';
import { ADAPTERS, startApp } from '../serving-app.js';
import { CLI, run } from '../types/command.js';
import { folderOf } from '../types/project.js';

/** Requests before the first step. */
const FIRST = 3;

/** Holds calls back until it is opened; the first ones it lets go. */
class Gate {
  #arrived = 0;
  #open = () => {};
  readonly #opened = new Promise<void>((resolve) => (this.#open = resolve));
  readonly #all: Promise<void>;
  #allArrived = () => {};

  constructor(private readonly count: number) {
    this.#all = new Promise((resolve) => (this.#allArrived = resolve));
  }

  async pass(): Promise<void> {
    if (++this.#arrived <= FIRST) return;
    if (this.#arrived === FIRST + this.count) this.#allArrived();
    await this.#opened;
  }

  /** When as many as it was made for wait in it. */
  full(): Promise<void> {
    return this.#all;
  }

  open(): void {
    this.#open();
  }
}

/** A folder for the command, and what it says of a URL. */
const folder = () => folderOf({});
const bench = (...args: string[]) => run(folder(), 'bench', ...args);
async function reported(...args: string[]): Promise<Report> {
  const { code, stdout, stderr } = await bench(...args, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Report;
}

/** A plain server that keeps what it was asked. */
async function plainServer(
  answer: (count: number, response: ServerResponse) => void,
  metrics: (response: ServerResponse) => void = (response) => response.writeHead(404).end(),
) {
  const seen: { request: IncomingMessage; body: Buffer }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method === 'GET') return metrics(response);
      seen.push({ request, body: Buffer.concat(chunks) });
      return answer(seen.length, response);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`, seen };
}

describe.each(ADAPTERS)('bench of an endpoint on %s', (adapter) => {
  let gate: Gate;
  beforeEach(() => {
    gate = new Gate(10);
  });

  test('sends each request at its time, while all earlier ones still wait', async () => {
    @ModelEndpoint(`/held/${adapter}`)
    class Held {
      async predict() {
        await gate.pass();
        return {};
      }
    }
    const { url } = await startApp(adapter, { controllers: [Held] });
    const report = reported(`${url}/held/${adapter}`, '--rates', '20', '--duration', '0.5');
    // Who waits for an answer before it asks again never comes here.
    await gate.full();
    gate.open();
    const { steps, metrics } = await report;
    expect(steps).toMatchObject([{ rate: 20, requests: 10, good: 10, failures: {} }]);
    expect(steps[0]!.server).toMatchObject({ endpoint: `/held/${adapter}`, outcomes: { ok: 10 } });
    expect(metrics).toEqual({ url: `${url}/__metrics` });
  });

  test('counts refusals by their code, and says what the server says of them', async () => {
    @ModelEndpoint(`/full/${adapter}`, undefined, { maxConcurrency: 1, maxQueue: 1 })
    class Full {
      async predict() {
        await gate.pass();
        return {};
      }
    }
    const { url } = await startApp(adapter, { controllers: [Full] });
    const report = reported(`${url}/full/${adapter}`, '--rates', '20', '--duration', '0.5');
    const refused = async () => (await Scrape.of(url)).sum('requests_total', { endpoint: `/full/${adapter}`, outcome: 'rejected' });
    await expect.poll(refused).toBe(8);
    gate.open();
    const { steps, knee, lost, findings } = await report;
    expect(steps).toMatchObject([{ requests: 10, good: 2, failures: { 429: 8 }, verdict: 'failures' }]);
    expect(steps[0]!.words['429']).toContain('Too many requests');
    expect(steps[0]!.server!.outcomes).toEqual({ ok: 2, rejected: 8 });
    expect({ knee, lost }).toEqual({ knee: null, lost: 20 });
    const refusals = findings.find(({ part }) => part === 'refusals');
    expect(refusals?.says).toContain('8 requests were refused');
  }); // prettier-ignore

  test('says when it measures the cache', async () => {
    @ModelEndpoint(`/kept/${adapter}`, undefined, { cache: true })
    class Kept {
      predict() {
        return {};
      }
    }
    const { url } = await startApp(adapter, { controllers: [Kept] });
    // Too few for a wait that grows, however busy the machine is.
    const few = [`${url}/kept/${adapter}`, '--rates', '6', '--duration', '0.5'];
    const { findings } = await reported(...few);
    expect(findings[0]).toMatchObject({ part: 'cache', next: expect.stringContaining('--data') });
    const fresh = await reported(...few, '--header', 'cache-control: no-store');
    expect(fresh.findings.map(({ part }) => part)).not.toContain('cache');
  });

  test('asks nothing more of an endpoint that refuses the data', async () => {
    @ModelEndpoint(`/strict/${adapter}`)
    class Strict {
      predict(): object {
        throw new InvalidRequest('Missing name');
      }
    }
    const { url } = await startApp(adapter, { controllers: [Strict] });
    const { code, stdout, stderr } = await bench(`${url}/strict/${adapter}`);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^POST http:\S+\/strict\/\w+ answered 400: .*Missing name.*\n$/);
    expect((await bench(`${url}/nowhere`)).stderr).toContain('/nowhere answered 404');
  });
});

test('bodies are taken in turn, as they are written, with the headers that are given', async () => {
  const { url, seen } = await plainServer((_, response) => response.end());
  const lines = '{"id":12345678901234567890}\n{ "id": 1.0 }\n';
  const files = folderOf({ 'a.ndjson': lines, 'b.json': '[\n]' });
  const headers = ['--header', 'X-Key: one', '--header', 'x-key:two'];
  const data = ['--data', 'a.ndjson', '--data', 'b.json', '--rates', '10', '--duration', '0.3'];
  const { code, stdout } = await run(files, 'bench', url, ...data, ...headers);
  expect(code).toBe(0);
  expect(stdout).toContain('What the server says is unknown');
  expect(stdout).toContain('/__metrics: answered 404');
  const turn = ['{"id":12345678901234567890}', '{ "id": 1.0 }', '[\n]'];
  expect(seen.map(({ body }) => String(body))).toEqual([...turn, ...turn]);
  expect(seen[0]!.request.headers).toMatchObject({
    'x-key': 'one, two',
    'content-type': 'application/json',
  });
});

test('bytes are sent as they are', async () => {
  const { url, seen } = await plainServer((_, response) => response.end());
  const files = folder();
  const bytes = Buffer.from([8, 255, 0, 10]);
  writeFileSync(join(files, 'a.bin'), bytes);
  const type = ['--content-type', 'application/x-protobuf'];
  const { code } = await run(files, 'bench', url, '--data', 'a.bin', ...type, '--rates', '5', '--duration', '1');
  expect(code).toBe(0);
  expect(seen).toHaveLength(FIRST + 5);
  expect(seen.at(-1)!.body).toEqual(bytes);
  expect(seen[0]!.request.headers['content-type']).toBe('application/x-protobuf');
}); // prettier-ignore

test('broken connections and answers that do not come are counted by their code', async () => {
  const { url } = await plainServer((count, response) => {
    if (count <= FIRST) response.end();
    else if (count % 2 === 0) response.socket!.destroy();
  });
  const rate = ['--rates', '20', '--duration', '0.5', '--timeout', '1000'];
  const { steps } = await reported(url, ...rate);
  const { ECONNRESET = 0, timeout = 0, ...others } = steps[0]!.failures;
  expect(others).toEqual({});
  expect(ECONNRESET + timeout).toBe(10);
  expect(ECONNRESET).toBeGreaterThan(0);
  expect(timeout).toBeGreaterThan(0);
});

test('what a rate has left behind is not taken for the next one', async () => {
  const { url } = await plainServer((count, response) => {
    // One more than the first rate has: the server is not itself again.
    const isUnwell = count > FIRST && count <= FIRST + 5 + 1;
    response.writeHead(isUnwell ? 500 : 200).end();
  });
  const { steps, lost } = await reported(url, '--rates', '10,20', '--duration', '0.5');
  expect(steps).toMatchObject([
    { failures: { 500: 5 }, verdict: 'failures' },
    { requests: 10, good: 10 },
  ]);
  expect(lost).toBe(10);
});

/** A server that breaks every connection at its second request, as one does that has just closed it. */
const closingServer = () => {
  const open = new WeakSet<Socket>();
  return plainServer((count, response) => {
    const { socket } = response.req;
    if (open.has(socket)) return socket.resetAndDestroy();
    if (count > FIRST) open.add(socket);
    return response.end();
  });
};

test('a connection that the server had closed for being idle is no failure of a request', async () => {
  const { url, seen } = await closingServer();
  const { steps } = await reported(url, '--rates', '0.4', '--duration', '5');
  expect(steps[0]).toMatchObject({ requests: 2, good: 2, failures: {} });
  expect(seen).toHaveLength(FIRST + 3);
});

test('a connection that breaks in the middle of its work is one', async () => {
  const { url, seen } = await closingServer();
  const { steps } = await reported(url, '--rates', '20', '--duration', '0.5');
  expect(steps[0]).toMatchObject({ verdict: 'failures' });
  expect(steps[0]!.failures.ECONNRESET).toBeGreaterThan(0);
  expect(seen).toHaveLength(FIRST + 10);
});

test('gives a rate up that needs more connections than it may have', async () => {
  const { url, seen } = await plainServer((count, response) => {
    if (count <= FIRST) response.end();
  });
  const rate = ['--rates', '50', '--duration', '10', '--timeout', '1000', '--connections', '2'];
  const { steps, lost } = await reported(url, ...rate);
  expect(steps).toMatchObject([{ verdict: 'connections', requests: 2 }]);
  expect(lost).toBe(50);
  expect(seen).toHaveLength(FIRST + 2);
});

test('prints what there is when it is interrupted', async () => {
  let arrived = () => {};
  const third = new Promise<void>((resolve) => (arrived = resolve));
  const { url } = await plainServer((count, response) => {
    if (count === FIRST + 3) arrived();
    if (count !== FIRST + 2) response.end();
  });
  const args = ['bench', url, '--rates', '20,40', '--duration', '600', '--json'];
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = child.stdout.setEncoding('utf8').toArray();
  const ended = once(child, 'exit');
  await third;
  child.kill('SIGINT');
  const { steps } = JSON.parse((await output).join('')) as Report;
  expect(steps).toMatchObject([{ rate: 20, verdict: 'interrupted', failures: {} }]);
  expect(steps[0]!.good).toBeGreaterThan(0);
  expect(await ended).toEqual([130, null]);
});

test('is interrupted while metrics do not come, and says nothing of what it has not seen', async () => {
  let asked = () => {};
  const scraped = new Promise<void>((resolve) => (asked = resolve));
  const { url } = await plainServer(
    (_, response) => response.end(),
    () => asked(),
  );
  const child = spawn(process.execPath, [CLI, 'bench', url], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = child.stdout.setEncoding('utf8').toArray();
  const ended = once(child, 'exit');
  await scraped;
  child.kill('SIGINT');
  expect(await ended).toEqual([130, null]);
  expect((await output).join('')).toMatch(/interrupted\n\nNo rate was kept\.\n$/);
}); // prettier-ignore

test('metrics of the same server are asked with the same headers, and those of another without', async () => {
  const keys: unknown[] = [];
  const metrics = (response: ServerResponse) => {
    keys.push(response.req.headers['x-key'], response.req.headers['content-type']);
    response.end();
  };
  const [one, other] = [await plainServer((_, response) => response.end(), metrics), await plainServer(() => {}, metrics)];
  const step = ['--rates', '20', '--duration', '0.1', '--header', 'x-key: open', '--header', 'Host: models.example'];
  await reported(one.url, ...step);
  expect(keys).toEqual(['open', undefined, 'open', undefined]);
  expect(one.seen[0]!.request.headers.host).toBe('models.example');
  await reported(one.url, ...step, '--metrics', other.url);
  expect(keys.slice(4)).toEqual(Array(4).fill(undefined));
}); // prettier-ignore

test('says why metrics could not be had, also where the next ones could', async () => {
  let count = 0;
  const { url } = await plainServer(
    (_, response) => response.end(),
    (response) => response.writeHead(count++ === 0 ? 503 : 200).end(),
  );
  const { metrics } = await reported(url, '--rates', '20', '--duration', '0.5');
  expect(metrics.problem).toBe('answered 503');
  const step = [url, '--rates', '20', '--duration', '0.1'];
  // One of the ports that a browser, and with it fetch, asks nothing of.
  const forbidden = await reported(...step, '--metrics', 'http://localhost:1/');
  expect(forbidden.metrics.problem).toBe('bad port');
});

test('what a server says cannot move the cursor of a terminal', async () => {
  const { url } = await plainServer((_, response) => response.writeHead(500).end('a\u001b[2J\nb\n'));
  const { stderr } = await bench(url);
  expect(stderr).toBe(`POST ${url} answered 500: a [2J b\n`);
}); // prettier-ignore

test('is quiet where nobody reads on', async () => {
  const { url } = await plainServer((_, response) => response.end());
  const child = spawn(process.execPath, [CLI, 'bench', url, '--rates', '20', '--duration', '0.5']);
  child.stdout.destroy();
  const errors = await child.stderr.setEncoding('utf8').toArray();
  expect(errors.join('')).toBe('');
  expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(0);
});

test.skipIf(process.platform === 'win32')('few files that may be open are no fault of the server', async () => {
  const { url } = await plainServer((count, response) => {
    if (count <= FIRST) response.end();
  });
  const command = `ulimit -n 50 && exec "${process.execPath}" "${CLI}" bench ${url} --rates 200 --duration 0.5 --timeout 1000`;
  const { stdout: output } = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'inherit'] });
  const stdout = (await output.setEncoding('utf8').toArray()).join('');
  expect(stdout).toMatch(/unknown: 100 % failed \(.*EMFILE: \d+/);
  expect(stdout).toContain('allow it more (ulimit -n)');
}); // prettier-ignore

test('asks another host only where that is confirmed', async () => {
  const { code, stdout, stderr } = await bench('http://models.invalid/x');
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('models.invalid is not this machine: expected --yes');
  const confirmed = await bench('http://models.invalid/x', '--yes');
  expect(confirmed.code).toBe(1);
  expect(confirmed.stderr).toMatch(/^POST http:\/\/models\.invalid\/x failed \((ENOTFOUND|EAI_AGAIN)\)/);
}); // prettier-ignore

/** Runs the command on a terminal, where one answers its question. */
async function onTerminal(answer: string): Promise<{ code: number; output: string }> {
  const command = `"${process.execPath}" "${CLI}" bench http://models.invalid/x`;
  const child = spawn('script', ['-qec', command, '/dev/null']);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (text.includes('[y/N]')) child.stdin.write(answer);
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

test.skipIf(spawnSync('which', ['script']).status !== 0)('on a terminal one is asked', async () => {
  for (const no of ['\n', 'n\n', 'nay\n', '\u0004', '\u0003']) {
    const { code, output } = await onTerminal(no);
    expect(output).toContain('Send load to models.invalid, as much as it takes? [y/N]');
    expect(code).toBe(2);
  }
  const { code, output } = await onTerminal('y\n');
  expect(output).toMatch(/models\.invalid\/x failed/);
  expect(code).toBe(1);
});

const LOCAL = 'http://localhost:1/x';

test.each([
  [[], 'expected one URL, got 0'],
  [[LOCAL, LOCAL], 'expected one URL, got 2'],
  [['localhost:8000/x'], 'the URL: expected http://… or https://…, got "localhost:8000/x"'],
  [[LOCAL, '--rates', '10,5'], '--rates: expected rising rates, got 10,5'],
  [[LOCAL, '--rates', '10,'], '--rates: expected a number above 0, got ""'],
  [[LOCAL, '--duration', '0'], '--duration: expected a number above 0, got "0"'],
  [
    ['http://a%zz@localhost/x'],
    'the URL: expected http://… or https://…, got "http://a%zz@localhost/x"',
  ],
  [[LOCAL, '--timeout', '1e12'], '--timeout: expected at most 2147483647, got "1e12"'],
  [[LOCAL, '--timeout', 'NaN'], '--timeout: expected a number above 0, got "NaN"'],
  [[LOCAL, '--within', '-1'], "Option '--within' argument is ambiguous"],
  [[LOCAL, '--connections', '1.5'], '--connections: expected a whole number, got "1.5"'],
  [[LOCAL, '--metrics', '/m'], '--metrics: expected http://… or https://…, got "/m"'],
  [[LOCAL, '--header', 'no colon'], '--header: expected "Name: value", got "no colon"'],
  [[LOCAL, '--header', 'a b: c'], '--header: expected "Name: value", got "a b: c"'],
  [[LOCAL, '--header', 'Content-Length: 1'], '--header: content-length is set by the command'],
  [
    [LOCAL, '--header', 'host: a', '--header', 'host: b'],
    '--header: expected one host, got several',
  ],
  [[LOCAL, '--data', 'nope.json'], '--data nope.json: ENOENT'],
  [[LOCAL, '--rate', '1'], "Unknown option '--rate'"],
])('%j is wrong use', async (args, sentence) => {
  const { code, stdout, stderr } = await bench(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(`nestjs-model-serving: ${sentence}`);
  expect(stderr).toContain('Usage: nestjs-model-serving bench <url>');
});

test('nobody there is nothing to measure', async () => {
  const { code, stderr } = await bench(LOCAL);
  expect(code).toBe(1);
  expect(stderr).toContain('POST http://localhost:1/x failed (ECONNREFUSED)');
});
