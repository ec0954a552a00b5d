import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-node';
import { describe, expect, it } from 'vitest';
import { ADAPTERS } from '../serving-app.js';
import { RUNS, startEveryDoor } from './every-call.js';
import { readLog } from './log-lines.js';
import { replaceParts, spans } from './spans.js';

/** A client that traces, but does not keep this one. */
const CLIENT = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 0 };

/** The places of the lines of each run, as `traceparent` has them where none is kept. */
const placesIn = (log: ReturnType<typeof readLog>): string[] =>
  log.lines
    .filter(({ message }) => message === 'a run')
    .map(({ params }) => `00-${params.trace_id}-${params.span_id}-00`);

describe.each(ADAPTERS)('what nobody samples, on %s', (adapter) => {
  it('is told to others, and by log lines, and is no span', async () => {
    replaceParts({ sampler: new AlwaysOffSampler() });
    const { callAll, sent } = await startEveryDoor(adapter);
    const log = readLog();
    await callAll();
    expect(sent).toHaveLength(RUNS);
    for (const traceparent of sent)
      expect(traceparent).toMatch(/^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-00$/);
    // A batch is a trace of its own, its lines are of its calls.
    const places = placesIn(log);
    expect(places.filter((place) => !sent.includes(place))).toHaveLength(1);
    expect(new Set(places.map((place) => place.split('-')[1])).size).toBe(RUNS - 3);
    expect(spans()).toEqual([]);
  });

  it('since its client does not, goes on in its client’s trace', async () => {
    const { callAll, sent } = await startEveryDoor(adapter);
    const log = readLog();
    const traceparent = `00-${CLIENT.traceId}-${CLIENT.spanId}-00`;
    // The client of gRPC is traced in the same process.
    await context.with(trace.setSpanContext(ROOT_CONTEXT, CLIENT), callAll, undefined, {
      traceparent,
    });
    const places = placesIn(log);
    expect(places).toHaveLength(RUNS);
    for (const place of places) expect(place).toMatch(/^00-a{32}-(?!b{16})[\da-f]{16}-00$/);
    // A batch is a root, about which the sampler decides anew.
    expect(sent.filter((place) => !places.includes(place!))).toEqual([
      expect.stringMatching(/-01$/),
    ]);
    expect(spans().map(({ name }) => name)).toEqual(['predict batch']);
    expect(spans()[0]!.links.map(({ context: { traceId } }) => traceId)).toEqual([CLIENT.traceId]);
  });
});
