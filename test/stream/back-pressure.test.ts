import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { UseInterceptors, type CallHandler, type NestInterceptor } from '@nestjs/common';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { map } from 'rxjs';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { startApp, type RunningApp } from '../serving-app.js';
import { StreamClient } from './client.js';
import { StreamModel } from './stream-model.js';

let model: StreamModel;
beforeEach(() => {
  model = new StreamModel();
});

interface Input {
  count: number;
  size: number;
}

async function* texts({ count, size }: Input) {
  for (let n = 0; n < count; n++) yield `${n}`.padEnd(size, '.');
}

@ModelEndpoint('/texts', undefined, { stream: true })
class Texts {
  predict(input: Input, context: PredictContext) {
    return model.stream(context, () => texts(input));
  }
}

class Marking implements NestInterceptor {
  intercept(_context: unknown, next: CallHandler<string>) {
    return next.handle().pipe(map((text) => `${text}!`));
  }
}

/** A megabyte, as a string twice as much: one letter beyond Latin-1 makes all of them two bytes long. */
const WIDE = '.'.repeat(999_997) + '€';

@ModelEndpoint('/wide', undefined, { stream: true })
class Wide {
  predict(_: Input, context: PredictContext) {
    return model.stream(context, async function* () {
      for (;;) yield WIDE;
    });
  }
}

@UseInterceptors(Marking)
@ModelEndpoint('/marked', undefined, { stream: true })
class Marked {
  predict(input: Input, context: PredictContext) {
    return model.stream(context, () => texts(input));
  }
}

@ModelEndpoint('/objects', undefined, { stream: true })
class Objects {
  readonly made: WeakRef<object>[] = [];

  async *predict({ count, size }: Input) {
    for (let n = 0; n < count; n++) yield this.#make(n, size);
  }

  #make(n: number, size: number) {
    const item = { text: `${n}`.padEnd(size, '.') };
    this.made.push(new WeakRef(item));
    return item;
  }
}

/** A stream over a transport, and nothing of it read yet. */
type Open = (app: RunningApp, path: string, input: Input) => Promise<Readable>;

const accept = 'application/x-ndjson';
const openHttp1: Open = async (app, path, input) =>
  (await StreamClient.open(app.url + path, input, { accept })).response;
const openHttp2: Open = async (app, path, input) => {
  const session = connectHttp2(app.url);
  onTestFinished(() => session.destroy());
  const stream = session.request({ ':method': 'POST', ':path': path, accept });
  stream.end(JSON.stringify(input));
  await once(stream, 'response');
  return stream.setEncoding('utf8');
};

const TRANSPORTS = [
  { transport: 'HTTP/1.1 on express', adapter: () => 'express' as const, open: openHttp1 },
  { transport: 'HTTP/1.1 on fastify', adapter: () => 'fastify' as const, open: openHttp1 },
  {
    transport: 'HTTP/2 on fastify',
    adapter: () => new FastifyAdapter({ http2: true }),
    open: openHttp2,
  },
];

/** Waits until nothing is asked for any more, however often the event loop turns. */
async function rest(asked = () => model.asked): Promise<number> {
  for (let before = -1; before !== asked();) {
    before = asked();
    for (let turn = 0; turn < 500; turn++) await setImmediate();
  }
  return asked();
}

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Without garbage: the heap, and bytes outside, of which those on their way to the system have no object. */
function liveBytes(): number {
  for (let i = 0; i < 3; i++) collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

describe.each(TRANSPORTS)('A client that does not read, by $transport,', ({ adapter, open }) => {
  const start = () => startApp(adapter() as never, { controllers: [Texts, Wide, Marked, Objects] });

  it.each(['/texts', '/marked'])(
    'holds the handler of %s back, and loses nothing',
    async (path) => {
      const app = await start();
      const input = { count: 400, size: 100_000 };
      const response = await open(app, path, input);
      const held = await rest();
      // What the system's own buffers take, and no more.
      expect(held).toBeLessThan(input.count / 2);
      expect(await rest()).toBe(held);
      let text = '';
      for await (const chunk of response) text += chunk;
      const lines = text.split('\n');
      expect(lines.pop()).toBe('');
      expect(lines.map((line) => parseInt(JSON.parse(line), 10))).toEqual([...Array(400).keys()]);
      expect(model.asked).toBe(401);
      expect(model.returned).toBe(0);
    },
  );

  it('costs the text of an item, and not the item as well', async () => {
    const app = await start();
    await open(app, '/objects', { count: 1_000, size: 1_000_000 });
    const { made } = app.app.get(Objects);
    await rest(() => made.length);
    collectGarbage();
    expect(made.length).toBeGreaterThan(0);
    expect(made.filter((item) => item.deref() !== undefined)).toEqual([]);
  });

  it('costs the bytes of an item once, whatever letters it is of', async () => {
    const app = await start();
    const clients = 16;
    const before = liveBytes();
    for (let i = 0; i < clients; i++) await open(app, '/wide', { count: 0, size: 0 });
    await rest();
    expect((liveBytes() - before) / clients).toBeLessThan(1.5 * Buffer.byteLength(WIDE));
  });

  it('that reads slowly gets everything', async () => {
    const app = await start();
    const response = await open(app, '/texts', { count: 40, size: 100_000 });
    const held = await rest();
    let text = '';
    // By 1 KiB at a time, with turns of the event loop between.
    for (;;) {
      const chunk = response.read(1024) ?? response.read();
      if (chunk !== null) text += chunk;
      else if (response.readableEnded) break;
      else await Promise.race([once(response, 'readable'), once(response, 'end')]);
      await setImmediate();
    }
    expect(held).toBeLessThanOrEqual(41);
    expect(text.split('\n').map((line) => line && JSON.parse(line).length)).toEqual([
      ...Array(40).fill(100_000),
      '',
    ]);
  });

  it('ends its handler as it goes away', async () => {
    const app = await start();
    const response = await open(app, '/texts', { count: 1_000_000, size: 100_000 });
    const held = await rest();
    response.destroy();
    await model.until(({ finallyRan }) => finallyRan === 1);
    expect(model.returned).toBe(1);
    expect(model.asked).toBe(held);
  });
});

describe.each(TRANSPORTS)('Small items, by $transport,', ({ adapter, open }) => {
  it('go out together where they are there together, and leave room for others', async () => {
    const app = await startApp(adapter() as never, { controllers: [Texts] });
    const response = await open(app, '/texts', { count: 20_000, size: 20 });
    let text = '';
    let chunks = 0;
    for await (const chunk of response) {
      text += chunk;
      chunks++;
    }
    expect(text.split('\n')).toHaveLength(20_001);
    expect(chunks).toBeLessThan(1_000);
  });
});
