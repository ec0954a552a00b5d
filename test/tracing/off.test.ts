import { trace } from '@opentelemetry/api';
import { ConfigurationError, ModelEndpoint } from 'nestjs-model-serving';
import { expect, it, onTestFinished } from 'vitest';
import { loadTracing } from '../../src/tracing/index.js';
import { createApp, startApp } from '../serving-app.js';
import { readLog } from './log-lines.js';
import { expectTraces } from './spans.js';

@ModelEndpoint('/echo')
class Echo {
  predict() {
    return { active: trace.getActiveSpan() !== undefined };
  }
}

it('can be turned off where there is an SDK', async () => {
  const { post } = await startApp('express', {
    controllers: [Echo],
    options: { tracing: false },
  });
  expect((await post('/echo', {})).body).toEqual({ active: true });
  await expectTraces('SERVER POST');
});

it('takes nothing but a boolean', async () => {
  const wrong = createApp('express', { options: { tracing: 'on' as never } });
  await expect(wrong).rejects.toThrow(
    "ModelServingModule: expected tracing to be a boolean, got 'on'",
  );
});

it('cannot be had of an SDK that an older copy of the API has registered, and the log says so', async () => {
  const registered: any = Reflect.get(globalThis, Symbol.for('opentelemetry.js.api.1'));
  const { ...own } = registered;
  onTestFinished(() => void Object.assign(registered, own));
  Object.assign(registered, { version: '1.4.0', trace: { getTracer: () => undefined } });
  await expect(loadTracing(true, '1')).rejects.toThrow(
    /no older @opentelemetry\/api .* got 1\.4\.0/,
  );
  const log = readLog();
  expect(await loadTracing(undefined, '1')).toBeUndefined();
  expect(log.lines).toEqual([
    expect.objectContaining({ level: 'warn', context: 'ModelServingTracing' }),
  ]);
});

it('that is asked for without an SDK stops the app; otherwise nothing is loaded', async () => {
  trace.disable();
  await expect(loadTracing(true, '1')).rejects.toThrow(ConfigurationError);
  await expect(loadTracing(true, '1')).rejects.toThrow(/an OpenTelemetry SDK that is registered/);
  expect(await loadTracing(undefined, '1')).toBeUndefined();
});
