import { Controller } from '@nestjs/common';
import { InvalidRequest, ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { beforeEach, describe, expect, it } from 'vitest';
import { CapturedLog } from '../http/captured-log.js';
import { ADAPTERS, startApp } from '../serving-app.js';
import { entrySchema } from './entry-schema.js';

let runs = 0;
beforeEach(() => void (runs = 0));

interface Input {
  text?: string;
  debug?: boolean;
}

@Controller()
class Models {
  @ModelEndpoint('/text', undefined, {
    cache: { key: ({ text, debug }: Input) => (debug ? undefined : text!.trim().toLowerCase()) },
  })
  text() {
    return { run: ++runs };
  }

  @ModelEndpoint('/canonical', entrySchema(), {
    cache: { key: ({ userName, color }: any) => `${userName}:${color}` },
  })
  canonical() {
    return { run: ++runs };
  }

  @ModelEndpoint('/tenant', undefined, {
    cache: {
      key: (_: Input, { headers }: PredictContext) => headers['x-tenant'] as string | undefined,
      vary: ['Accept-Language'],
    },
  })
  tenant() {
    return { run: ++runs };
  }

  @ModelEndpoint('/refusing', undefined, {
    cache: {
      key: ({ text }: Input) => {
        if (text === undefined) throw new InvalidRequest('Missing text');
        return text;
      },
    },
  })
  refusing() {
    return { run: ++runs };
  }
}

describe.each(ADAPTERS)('a key of the own on %s', (adapter) => {
  it('stands in the place of the input', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const ask = async (body: Input) => (await app.post('/text', body)).headers.get('x-cache');
    expect(await ask({ text: ' Guten Tag' })).toBe('MISS');
    expect(await ask({ text: 'guten tag ' })).toBe('HIT');
    expect(await ask({ text: 'guten abend' })).toBe('MISS');
    expect(await ask({ text: '' })).toBe('MISS');
    expect(await ask({ text: ' ' })).toBe('HIT');
    expect(runs).toBe(3);
  });

  it('that is undefined is neither looked up nor kept', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    await app.post('/text', { text: 'a' });
    for (const run of [2, 3]) {
      const { status, body, headers } = await app.post('/text', { text: 'a', debug: true });
      expect([status, body, headers.get('x-cache')]).toEqual([200, { run }, 'BYPASS']);
      expect(headers.get('age')).toBeNull();
    }
    expect((await app.post('/text', { text: 'a' })).body).toEqual({ run: 1 });
  });

  it('is made of the canonical input', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    await app.post('/canonical', { user_name: 'a', color: 1 });
    const { headers } = await app.post('/canonical', { userName: 'a', color: 'RED', fail: true });
    expect(headers.get('x-cache')).toBe('HIT');
  });

  it('may come from the context, and vary still counts', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const ask = async (tenant: string, language: string) => {
      const headers = { 'x-tenant': tenant, 'accept-language': language };
      return (await app.post('/tenant', { n: runs }, headers)).headers.get('x-cache');
    };
    expect(await ask('a', 'de')).toBe('MISS');
    expect(await ask('a', 'de')).toBe('HIT');
    expect(await ask('b', 'de')).toBe('MISS');
    expect(await ask('a', 'fr')).toBe('MISS');
    expect((await app.post('/tenant', {})).headers.get('x-cache')).toBe('BYPASS');
  });

  it('that cannot be made fails its own request', async () => {
    const log = new CapturedLog();
    const app = await startApp(adapter, { controllers: [Models], setUp: log.attach });
    const { status, body } = await app.post('/text', {});
    expect({ status, body }).toMatchObject({
      status: 500,
      body: { error: 'Internal server error', code: 'INTERNAL' },
    });
    expect(log.errors.join()).toContain('TypeError');
    expect(await app.post('/refusing', {})).toMatchObject({
      status: 400,
      body: { error: 'Missing text', code: 'INVALID_ARGUMENT' },
    });
    expect(runs).toBe(0);
    expect((await app.post('/text', { text: 'a' })).body).toEqual({ run: 1 });
  });
});
