import { AsyncLocalStorage } from 'node:async_hooks';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RefusalLog } from '../../src/logging/refusal-log.js';
import type { LogFields, StructuredLogger } from '../../src/logging/structured-logger.js';

interface Line {
  level: string;
  message: unknown;
  fields: LogFields;
}

function refusalsTo(lines: Line[], onWrite = () => {}): RefusalLog {
  const logger = {
    write(level: string, message: unknown, fields: LogFields) {
      lines.push({ level, message, fields });
      onWrite();
    },
  };
  return new RefusalLog(logger as StructuredLogger, '/score');
}

const full = (requestId: string) => ({ status: 429, requestId, reason: 'Too many requests' });
const late = (requestId: string) => ({ status: 504, requestId, reason: 'Deadline exceeded' });

describe('refusals', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    vi.spyOn(Logger, 'isLevelEnabled').mockReturnValue(false);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it('are a line a status and second, with their number and the id of the first', () => {
    const lines: Line[] = [];
    const refusals = refusalsTo(lines);
    for (let i = 0; i < 100_000; i++) refusals.note(full(`r${i}`));
    refusals.note(late('late'));
    expect(lines).toEqual([]);
    vi.advanceTimersByTime(1_000);
    const fields = {
      endpoint: '/score',
      requestId: 'r0',
      status: 429,
      reason: 'Too many requests',
    };
    expect(lines).toEqual([
      {
        level: 'warn',
        message: '/score refused 100000 requests (429): Too many requests',
        fields: { ...fields, count: 100_000 },
      },
      {
        level: 'warn',
        message: '/score refused 1 request (504): Deadline exceeded',
        fields: {
          endpoint: '/score',
          requestId: 'late',
          status: 504,
          reason: 'Deadline exceeded',
          count: 1,
        },
      },
    ]);
    vi.advanceTimersByTime(10_000);
    expect(lines).toHaveLength(2);
    refusals.note(full('later'));
    vi.advanceTimersByTime(999);
    expect(lines).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(lines[2]!.fields).toEqual({ ...fields, requestId: 'later', count: 1 });
  });

  it.each([
    [401, 'warn'],
    [403, 'warn'],
    [405, 'warn'],
    [413, 'warn'],
    [415, 'warn'],
    [429, 'warn'],
    [502, 'warn'],
    [503, 'warn'],
    [504, 'warn'],
    [499, 'log'],
    [400, undefined],
    [404, undefined],
    [422, undefined],
  ])('of status %i are told at %s', (status, level) => {
    const lines: Line[] = [];
    const refusals = refusalsTo(lines);
    refusals.note({ status, requestId: 'r', reason: 'why' });
    refusals.flush();
    expect(lines.map((line) => line.level)).toEqual(level === undefined ? [] : [level]);
  });

  it('are a line each at debug, up to a thousand of a status and second', () => {
    vi.mocked(Logger.isLevelEnabled).mockReturnValue(true);
    const lines: Line[] = [];
    const refusals = refusalsTo(lines);
    refusals.note(full('r0'));
    expect(lines).toEqual([
      {
        level: 'debug',
        message: '/score refused a request (429): Too many requests',
        fields: { endpoint: '/score', requestId: 'r0', status: 429, reason: 'Too many requests' },
      },
    ]);
    for (let i = 1; i < 100_000; i++) refusals.note(full(`r${i}`));
    expect(lines).toHaveLength(1_000);
    vi.advanceTimersByTime(1_000);
    expect(lines.at(-1)).toMatchObject({ level: 'warn', fields: { count: 100_000 } });
    refusals.note(full('next'));
    expect(lines.at(-1)).toMatchObject({ level: 'debug', fields: { requestId: 'next' } });
  });

  it('have a reason that is escaped and cut', () => {
    const lines: Line[] = [];
    const refusals = refusalsTo(lines);
    refusals.note({ status: 403, requestId: 'r', reason: `a\n${'x'.repeat(5_000)}` });
    refusals.flush();
    expect(lines[0]!.fields['reason']).toBe(`a\\n${'x'.repeat(298)}…`);
    expect(lines[0]!.message).toContain('(403): a\\nxxx');
  });

  it('are told in no request’s async context, and before the end', () => {
    const user = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const refusals = refusalsTo([], () => seen.push(user.getStore()));
    user.run('ann', () => refusals.note(full('r')));
    vi.advanceTimersByTime(1_000);
    expect(seen).toEqual([undefined]);
    refusals.note(full('r'));
    refusals.flush();
    expect(seen).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });
});
