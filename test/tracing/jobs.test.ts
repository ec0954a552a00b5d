import { Controller } from '@nestjs/common';
import { SpanKind, trace, type TextMapPropagator } from '@opentelemetry/api';
import { ModelEndpoint, ServingError, type PredictContext } from 'nestjs-model-serving';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { apart, locationOf, startJobs, type JobApp } from '../jobs/job-app.js';
import { redisMissing, startRedis, type RedisServer } from '../redis-server.js';
import { FixtureProcess } from '../serve/fixture-process.js';
import { readLog } from './log-lines.js';
import { failing, inSpan, replaceParts, spans } from './spans.js';

let runs = 0;
const together = new Set<() => void>();

@Controller()
class Models {
  @ModelEndpoint('/fail', undefined, { jobs: true })
  fail({ times }: { times: number }, { log }: PredictContext) {
    log.log(`run ${++runs}`);
    if (runs <= times) throw new ServingError('Unavailable', 'The model is away');
    return {};
  }

  /** Two run at once, and each goes on where the other has begun. */
  @ModelEndpoint('/pair', undefined, { jobs: true })
  async pair() {
    const before = trace.getActiveSpan()!.spanContext();
    await new Promise<void>((resolve) => {
      together.add(resolve);
      if (together.size === 2) for (const goOn of together) goOn();
    });
    await inSpan('outgoing', () => undefined);
    return { before, after: trace.getActiveSpan()!.spanContext() };
  }

  @ModelEndpoint('/batched', undefined, { batch: { maxSize: 2, maxDelay: 60_000 }, jobs: true })
  batched(inputs: object[]) {
    return inputs;
  }
}

let redis: RedisServer | undefined;
beforeAll(async () => {
  if (!redisMissing) redis = await startRedis();
});
afterAll(() => redis?.stop());

const requestId = (id: string) => ({ 'x-request-id': id });

/** What a client is that has traces of its own. */
const FOREIGN = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };

describe.each(['memory', 'Redis'] as const)('jobs in %s', (keeper) => {
  describe.skipIf(keeper === 'Redis' && redisMissing)('run', () => {
    let app: JobApp;
    beforeEach(async () => {
      runs = 0;
      together.clear();
      const [adapter, connection] =
        keeper === 'memory' ? (['fastify', 'memory'] as const) : (['express', redis!.url] as const);
      app = await startJobs(adapter, { controllers: [Models] }, apart(connection));
    });

    it('in the trace of their submission, each attempt as a span of its own', async () => {
      const log = readLog();
      const traceparent = `00-${FOREIGN.traceId}-${FOREIGN.spanId}-01`;
      const headers = { ...requestId('a'), traceparent, tracestate: 'vendor=1' };
      const answer = await app.submit('/fail', { times: 2 }, headers);
      const job = await app.ended(locationOf(answer));
      expect(job).toMatchObject({ state: 'succeeded', attempts: 3 });
      await expect.poll(() => attempts()).toHaveLength(3);
      expect(attempts().map(({ attributes }) => attributes)).toEqual(
        ['error', 'error', 'ok'].map((_, index) =>
          expect.objectContaining({
            'model_serving.request.id': 'a',
            'model_serving.job.id': job.id,
            'model_serving.job.attempt': index + 1,
          }),
        ),
      );
      const submission = spans().find(({ name }) => name === 'POST /fail')!;
      for (const span of attempts()) {
        expect(span.parentSpanContext).toMatchObject({
          traceId: FOREIGN.traceId,
          spanId: submission.spanContext().spanId,
          isRemote: true,
        });
        expect(span.spanContext().traceState?.serialize()).toBe('vendor=1');
      }
      const lines = log.lines.filter(({ message }) => /^run \d$/.test(message));
      expect(lines.map(({ params }) => [params.trace_id, params.span_id])).toEqual(
        attempts().map((span) => [FOREIGN.traceId, span.spanContext().spanId]),
      );
    });

    it.each([
      ['written', failing],
      ['read', { ...failing, inject: (_, carrier) => Object.assign(carrier!, FOREIGN) }],
    ] satisfies [string, TextMapPropagator][])(
      'in no trace where its place in one cannot be %s',
      async (_, propagator) => {
        replaceParts({ propagator });
        const answer = await app.submit('/fail', { times: 0 });
        expect(await app.ended(locationOf(answer))).toMatchObject({ state: 'succeeded' });
        await expect.poll(() => attempts()).toHaveLength(1);
        expect(attempts()[0]!.parentSpanContext).toBeUndefined();
      },
    );

    it('in no trace of each other', async () => {
      const answers = [
        await app.submit('/pair', {}, requestId('a')),
        await app.submit('/pair', {}, requestId('b')),
      ];
      for (const answer of answers) {
        const location = locationOf(answer);
        await app.ended(location);
        const { body } = await app.request('GET', `${location}/result`);
        expect(body.before).toEqual(body.after);
      }
      const traceOf = (id: string) => ['POST /pair', 'outgoing', `predict ${id}`, `predict ${id}`];
      await expect
        .poll(() =>
          attempts()
            .map((span) => spansOf(span.spanContext().traceId))
            .toSorted(),
        )
        .toEqual([traceOf('a'), traceOf('b')]);
    });

    it('and requests for them are named by their routes', async () => {
      const location = locationOf(await app.submit('/fail', { times: 0 }));
      await app.ended(location);
      await app.request('GET', `${location}/result`);
      await app.request('DELETE', location);
      await app.request('GET', location);
      const route = '/fail/jobs/:modelServingJob';
      await expect
        .poll(
          () =>
            new Set(spans().flatMap(({ kind, name }) => (kind === SpanKind.SERVER ? name : []))),
        )
        .toEqual(new Set(['POST /fail', `GET ${route}`, `GET ${route}/result`, `DELETE ${route}`]));
    });

    it('in batches that link to each of them', async () => {
      const answers = [
        await app.submit('/batched', {}, requestId('a')),
        await app.submit('/batched', {}, requestId('b')),
      ];
      for (const answer of answers) {
        await app.until(locationOf(answer), ({ state }) => state === 'succeeded');
      }
      await expect
        .poll(() => spans().filter(({ name }) => name === 'predict batch'))
        .toHaveLength(1);
      const [batch] = spans().filter(({ name }) => name === 'predict batch');
      expect(batch!.links.map(({ context }) => context.spanId).toSorted()).toEqual(
        attempts()
          .map((span) => span.spanContext().spanId)
          .toSorted(),
      );
    });
  });
});

describe.skipIf(redisMissing)('a job that another process runs', () => {
  const start = async (env: Record<string, string>) => {
    const program = new FixtureProcess('traced-jobs', { REDIS_URL: redis!.url, ...env });
    return { program, url: `http://127.0.0.1:${await program.port()}` };
  };
  const printed = async ({ program }: Awaited<ReturnType<typeof start>>, name: string) => {
    const lines = await program.printed(new RegExp(`span (\\{"name":"${name}".*\\})`));
    return lines.map(([, json]) => JSON.parse(json!) as Record<string, any>);
  };

  it('is in the trace of its submission, and sampled as that is', async () => {
    const [front, worker] = await Promise.all([
      start({ RUNS_JOBS: 'false' }),
      start({ SERVE_ROLE: 'worker' }),
    ]);
    const { traceId, spanId } = FOREIGN;
    const tracestate = 'vendor=1,other=2';
    const run = async (flags: string) => {
      const response = await fetch(`${front.url}/where`, {
        method: 'POST',
        body: '{}',
        headers: {
          prefer: 'respond-async, wait=20',
          traceparent: `00-${traceId}-${spanId}-${flags}`,
          tracestate,
          connection: 'close',
        },
      });
      return (await response.json()) as Record<string, any>;
    };
    const unsampled = await run('00');
    expect(unsampled).toEqual({
      pid: worker.program.pid,
      sent: { traceparent: expect.stringMatching(/^00-a{32}-(?!b{16})\w{16}-00$/), tracestate },
    });
    const sampled = await run('01');
    const [request, ...otherRequests] = await printed(front, 'POST /where');
    const [attempt, ...otherAttempts] = await printed(worker, 'predict');
    expect([otherRequests, otherAttempts]).toEqual([[], []]);
    expect(request).toMatchObject({ traceId, traceState: tracestate, parent: { spanId } });
    expect(attempt).toMatchObject({
      traceId,
      traceFlags: 1,
      traceState: tracestate,
      parent: { traceId, spanId: request!['spanId'], traceFlags: 1, traceState: tracestate },
      job: expect.stringMatching(/^[\da-f]{32}$/),
    });
    expect(sampled).toEqual({
      pid: worker.program.pid,
      sent: { traceparent: `00-${traceId}-${attempt!['spanId']}-01`, tracestate },
    });
  });
});

/** Runs of jobs, in the order in which they began. */
function attempts() {
  return spans().filter(({ attributes }) => attributes['model_serving.job.id'] !== undefined);
}

/** What a trace consists of. */
function spansOf(traceId: string): string[] {
  return spans()
    .filter((span) => span.spanContext().traceId === traceId)
    .map(({ name, attributes }) =>
      [name, attributes['model_serving.request.id']].filter(Boolean).join(' '),
    )
    .toSorted();
}
