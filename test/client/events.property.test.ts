import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EventReader, type ServerEvent } from '../../src/client/event-reader.js';

const TOKENS = [
  'data',
  'event',
  'id',
  'x',
  ':',
  ': ',
  ' ',
  '\n',
  '\n\n',
  '\r\n',
  '\r',
  'é🦉',
  '\0',
];
const END = '\n\nevent: end\ndata: {}\n\n';
const LINE_ENDS = ['\n', '\r\n', '\r'];

/** All events of an answer that comes in pieces. */
async function read(pieces: Uint8Array[]): Promise<ServerEvent[]> {
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
  });
  const reader = new EventReader(new Response(), body, new AbortController().signal);
  const events: ServerEvent[] = [];
  do events.push(await reader.next());
  while (events.at(-1)!.type !== 'end' || events.at(-1)!.data !== '{}');
  return events;
}

/** By the parser that other clients use. */
function expected(text: string): ServerEvent[] {
  const events: ServerEvent[] = [];
  const onEvent = ({ event, data }: { event?: string | undefined; data: string }) =>
    void events.push({ type: event || 'message', data });
  // It waits for what comes after a carriage return.
  createParser({ onEvent }).feed(`${text}:`);
  return events;
}

it('Events are those of another parser, wherever their bytes are cut', async () => {
  const tokens = fc.array(fc.constantFrom(...TOKENS), { maxLength: 40 });
  const ends = fc.constantFrom(...LINE_ENDS);
  const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(tokens, sizes, ends, async (parts, cuts, end) => {
      const text = parts.join('') + END.replaceAll('\n', end);
      const bytes = new TextEncoder().encode(text);
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < bytes.length;) {
        const size = cuts[pieces.length % cuts.length]!;
        pieces.push(bytes.subarray(at, (at += size)));
      }
      expect(await read(pieces)).toEqual(expected(text));
    }),
    { numRuns: 3_000 },
  );
});
