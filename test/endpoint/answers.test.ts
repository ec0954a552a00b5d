import { Readable } from 'node:stream';
import { Controller, StreamableFile, type CallHandler, type NestInterceptor } from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import protobuf, { type Root } from 'protobufjs';
import { of, tap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { CapturedLog } from '../http/captured-log.js';
import { ADAPTERS, startApp } from '../serving-app.js';

/** A response whose one field may be any JSON, as an answer without a schema may. */
function anySchema(): Root {
  const { root } = protobuf.parse(
    `syntax = "proto3";
     message Request { string name = 1; }
     message Response { google.protobuf.Value x = 1; }`,
  );
  return root.addJSON(protobuf.common.get('google/protobuf/struct.proto')!.nested!) as Root;
}

const SAID: Record<string, [value: () => unknown, said: unknown]> = {
  typedArray: [() => Float32Array.of(0.5, NaN), [0.5, 'NaN']],
  set: [() => new Set([1, 2n]), [1, '2']],
  map: [() => new Map([['a', new Map([[1, Infinity]])]]), { a: { 1: 'Infinity' } }],
  bigint: [() => 2n ** 64n, '18446744073709551616'],
  date: [() => new Date(1500), '1970-01-01T00:00:01.500Z'],
  buffer: [() => Buffer.from('hi'), 'aGk='],
  arrayBuffer: [() => Uint8Array.of(104, 105).buffer, 'aGk='],
  nan: [() => NaN, 'NaN'],
  toJSON: [() => ({ toJSON: () => ({ a: new Date(0) }) }), { a: '1970-01-01T00:00:00.000Z' }],
  undefinedField: [() => ({ a: undefined, b: [undefined] }), { b: [null] }],
  mixed: [() => ({ vectors: [Int8Array.of(1)], at: new Set() }), { vectors: [[1]], at: [] }],
};

const UNSAID: Record<string, [value: () => unknown, reason: string]> = {
  function: [() => () => 1, 'a function'],
  cycle: [cycle, 'holds itself'],
  generator: [() => items(), 'an iterator'],
  stream: [() => Readable.from(['x']), 'a stream'],
  promise: [() => ({ a: Promise.resolve(1) }), 'a Promise'],
  observable: [() => [of(1)], 'an Observable'],
  error: [() => ({ a: new Error('x') }), 'an Error'],
  file: [() => new StreamableFile(Buffer.from('x')), 'a StreamableFile'],
  weakMap: [() => new WeakMap(), 'WeakMap'],
};

function cycle(): object {
  const node: Record<string, unknown> = {};
  node['self'] = node;
  return node;
}

function* items() {
  yield 1;
}

const ALL = { ...SAID, ...UNSAID };
const make = (name: string) => ALL[name]![0]();

@Controller()
class Models {
  @ModelEndpoint('/field')
  field({ name }: { name: string }) {
    return { x: make(name) };
  }

  @ModelEndpoint('/field-with-schema', anySchema())
  fieldWithSchema({ name }: { name: string }) {
    return { x: make(name) };
  }

  @ModelEndpoint('/whole')
  whole({ name }: { name: string }) {
    return make(name);
  }

  @ModelEndpoint('/batched', undefined, { batch: {} })
  batched(inputs: { name: string }[]) {
    return inputs.map(({ name }) => ({ x: make(name) }));
  }
}

describe.each(ADAPTERS)('an answer on %s', (adapter) => {
  it('says what the handler returned, with a schema or without', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    for (const [name, [, said]] of Object.entries(SAID)) {
      for (const path of ['/field', '/field-with-schema', '/batched']) {
        const { status, body } = await app.post(path, { name });
        expect([path, name, status, body]).toEqual([path, name, 200, { x: said }]);
      }
      const { headers, body } = await app.post('/whole', { name });
      expect([name, body]).toEqual([name, said]);
      expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    }
  });

  it('is a 500 where JSON has no words, and the log names the place and the remedy', async () => {
    const log = new CapturedLog();
    const app = await startApp(adapter, { controllers: [Models], setUp: log.attach });
    for (const [name, [, reason]] of Object.entries(UNSAID)) {
      for (const path of ['/field', '/field-with-schema', '/batched']) {
        const { status, body } = await app.post(path, { name });
        expect([path, name, status]).toEqual([path, name, 500]);
        expect(body).toMatchObject({ error: 'Internal server error', code: 'INTERNAL' });
        const line = log.errors.find((text) => text.includes(body.requestId));
        expect(line).toContain('Invalid answer at $.x');
        expect(line).toContain(reason);
      }
    }
  });

  it('is counted as invalid, with a schema or without', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    for (const path of ['/field', '/field-with-schema']) {
      const invalid = async () => {
        const { body } = await app.get('/__metrics');
        const line = `model_serving_validation_failures_total{endpoint="${path}",direction="response"} `;
        return Number(body.split(line)[1]?.split('\n')[0] ?? 0);
      };
      const before = await invalid();
      await app.post(path, { name: 'error' });
      expect(await invalid()).toBe(before + 1);
    }
  });

  it('is seen by interceptors as it goes out', async () => {
    const seen: unknown[] = [];
    class Reading implements NestInterceptor {
      intercept(_: unknown, next: CallHandler) {
        return next.handle().pipe(tap((value) => void seen.push(value)));
      }
    }
    const app = await startApp(adapter, {
      controllers: [Models],
      setUp: (nest) => nest.useGlobalInterceptors(new Reading()),
    });
    for (const name of ['mixed', 'buffer', 'map', 'nan']) {
      const said = SAID[name]![1];
      expect((await app.post('/whole', { name })).body).toEqual(said);
      expect(seen.pop()).toEqual(said);
    }
  });
});
