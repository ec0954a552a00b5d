import { ConsoleLogger, Controller, type LoggerService } from '@nestjs/common';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ADAPTERS, startApp, type Adapter } from '../serving-app.js';

@Controller()
class Model {
  @ModelEndpoint('/models/:id', undefined, { name: 'classifier', bodyLimit: 100 })
  predict({ fail }: { fail?: string }, { log }: PredictContext) {
    if (fail !== undefined) throw new Error(fail);
    log.warn('read\nand done');
    return {};
  }
}

/** What the process writes to both of its outputs while the app of a logger serves. */
async function outputOf(adapter: Adapter, logger: LoggerService): Promise<string[]> {
  let output = '';
  for (const stream of [process.stdout, process.stderr]) {
    const write = vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      output += String(chunk);
      return true;
    });
    onTestFinished(() => write.mockRestore());
  }
  const setUp = (nest: { useLogger(logger: LoggerService): void }) => nest.useLogger(logger);
  const app = await startApp(adapter, { controllers: [Model], setUp });
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const headers = (id: string) => ({ 'x-request-id': id, traceparent });
  await app.post('/models/a', {}, headers('r1'));
  await app.post('/models/a', { fail: 'the\n[Nest] cause' }, headers('r2'));
  await app.post('/models/a', 'x'.repeat(101), headers('r3'));
  await app.close();
  return output.split('\n');
}

const endpoint = '/models/:id';

describe.each(ADAPTERS)('lines of the log on %s', (adapter) => {
  async function jsonLines(options: object): Promise<Record<string, any>[]> {
    const lines = await outputOf(adapter, new ConsoleLogger({ json: true, ...options }));
    return lines
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, any>)
      .filter(({ context }) => context === 'classifier');
  }

  it('are JSON with fields where Nest’s are', async () => {
    const lines = await jsonLines({});
    expect(lines).toMatchObject([
      { level: 'warn', message: 'read\\nand done', params: { requestId: 'r1', endpoint } },
      {
        level: 'error',
        message: 'the\\n[Nest] cause',
        stack: expect.stringMatching(/^Error: the\n.*\n\s+at /s),
        params: { requestId: 'r2', endpoint },
      },
      { level: 'debug', params: { requestId: 'r3', endpoint, status: 413 } },
      {
        level: 'warn',
        message: '/models/:id refused 1 request (413): Expected a body of at most 100 bytes',
        params: {
          requestId: 'r3',
          endpoint,
          status: 413,
          reason: 'Expected a body of at most 100 bytes',
          count: 1,
        },
      },
    ]);
    // Nobody could look them up where there is no SDK.
    for (const { params } of lines) expect(params).not.toHaveProperty('trace_id');
  });

  it('have them at the top where the app asks for that, as serve() does', async () => {
    const lines = await jsonLines({ flattenParams: true });
    expect(lines.map(({ requestId }) => requestId)).toEqual(['r1', 'r2', 'r3', 'r3']);
    for (const line of lines) expect(line).toMatchObject({ endpoint });
  });

  it('have them in the message where the logger has no place beside it', async () => {
    const lines = await jsonLines({ structuredParams: false });
    expect(lines.map(({ message }) => message.requestId)).toEqual(['r1', 'r2', 'r3', 'r3']);
    expect(lines[1]).toMatchObject({
      message: { message: 'the\\n[Nest] cause', endpoint },
      stack: expect.stringMatching(/\n\s+at /),
    });
  });

  it('are readable text where Nest’s are, none of them a client’s', async () => {
    const lines = await outputOf(adapter, new ConsoleLogger({ colors: false }));
    const ours = lines.filter((line) => line.includes('[classifier]'));
    expect(ours).toEqual([
      expect.stringMatching(/WARN \[classifier\] \[r1\] read\\nand done/),
      expect.stringMatching(/ERROR \[classifier\] \[r2\] the\\n\[Nest\] cause/),
      expect.stringMatching(/DEBUG \[classifier\] \[r3\] \/models\/:id refused a request \(413\)/),
      expect.stringMatching(/WARN \[classifier\] \[r3\] \/models\/:id refused 1 request \(413\)/),
    ]);
    expect(lines.some((line) => line.startsWith('[Nest] cause'))).toBe(false);
    expect(lines.some((line) => /^\s+at /.test(line))).toBe(true);
  });

  it('are a message and a context to a logger of the app’s own', async () => {
    const told: unknown[][] = [];
    const keep = (...parts: unknown[]) => void told.push(parts);
    await outputOf(adapter, { log: () => {}, error: keep, warn: keep, debug: keep });
    expect(told.filter((parts) => parts.at(-1) !== 'DirectLane')).toEqual([
      ['[r1] read\\nand done', 'classifier'],
      ['[r2] the\\n[Nest] cause', expect.stringMatching(/\n\s+at /), 'classifier'],
      [expect.stringMatching(/^\[r3\] .*refused a request/), 'classifier'],
      [expect.stringMatching(/^\[r3\] .*refused 1 request/), 'classifier'],
    ]);
  });
});
