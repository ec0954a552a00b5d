import { AsyncLocalStorage } from 'node:async_hooks';
import { batchSignal, type PredictContext } from 'nestjs-model-serving';
import { predictContext } from 'nestjs-model-serving/testing';
import { expect, it, vi } from 'vitest';

it('has a harmless default for everything', () => {
  const context: PredictContext = predictContext();
  expect(context.signal.aborted).toBe(false);
  expect(context.requestId).toBe('unit-test');
  expect(context).toMatchObject({ headers: {}, params: {}, query: {} });
  for (const level of ['error', 'warn', 'log', 'debug'] as const) {
    expect(context.log[level]('a line')).toBeUndefined();
  }
});

it('leaves 30 s to its deadline, and does nothing when it has passed', () => {
  vi.useFakeTimers({ now: 1_000 });
  try {
    const context = predictContext();
    expect(context.deadline).toBe(31_000);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

it('takes what a test wants to see', () => {
  const controller = new AbortController();
  const warn = vi.fn<(message: string) => void>();
  const context = predictContext({
    signal: controller.signal,
    requestId: 'r-7',
    deadline: 5,
    headers: { 'Accept-Language': 'de' },
    params: { tenant: 'ann' },
    query: { top: '3', tag: ['a', 'b'] },
    log: { warn },
  });
  expect(context).toMatchObject({
    requestId: 'r-7',
    deadline: 5,
    headers: { 'accept-language': 'de' },
    params: { tenant: 'ann' },
    query: { top: '3', tag: ['a', 'b'] },
  });
  context.log.warn('odd');
  context.log.debug('unheard');
  expect(warn.mock.calls).toEqual([['odd']]);
  controller.abort();
  expect(context.signal.aborted).toBe(true);
});

it('enters the async context it was made in', () => {
  const user = new AsyncLocalStorage<string>();
  const contexts = ['ann', 'bob'].map((name) => user.run(name, () => predictContext()));
  expect(contexts.map((context) => context.run(() => user.getStore()))).toEqual(['ann', 'bob']);
});

it('is a member of a batch', () => {
  const controllers = [new AbortController(), new AbortController()];
  const signal = batchSignal(controllers.map(({ signal }) => predictContext({ signal })));
  controllers[0]!.abort();
  expect(signal.aborted).toBe(false);
  controllers[1]!.abort();
  expect(signal.aborted).toBe(true);
});

it('refuses what it does not know', () => {
  expect(() => predictContext({ header: {} } as never)).toThrow(
    'predictContext(): expected options to be among signal, requestId, deadline, headers, params, query, log, got the unknown option "header"',
  );
});
