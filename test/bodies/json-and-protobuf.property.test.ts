import type { Type as Controller } from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { compileSchema } from '../../src/schema/index.js';
import { asText } from '../schema/as-text.js';
import { Random } from '../schema/random.js';
import { randomSchema } from '../schema/random-schema.js';
import { RandomValue } from '../schema/random-value.js';
import { startApp, WAYS } from '../serving-app.js';
import { BINARY, post } from './binary-client.js';

/** Repeat a run with SCHEMA_SEED=<the seed it printed>. */
const SEED = Number(process.env['SCHEMA_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
const SCHEMAS = 6;
const VALUES = 12;

const JSON_TYPE = 'application/json';

/** An endpoint of a random message that gives back what it is sent. */
function echo(path: string, random: Random) {
  const type = randomSchema(random).root.lookupType('fuzz.v1.M0');
  class Echo {
    predict(message: object) {
      return message;
    }
  }
  ModelEndpoint(path, { request: type, response: type })(Echo as never);
  return { controller: Echo as Controller, type, path };
}

/** Which has no -0. */
const asJson = (value: unknown) => JSON.parse(JSON.stringify(asText(value))) as object;

describe.each(WAYS)('a message on %s', (way) => {
  it('is the same as JSON and in binary, on its way in and out', async () => {
    console.info(`SCHEMA_SEED=${SEED}`);
    const random = new Random(SEED);
    const echoes = Array.from({ length: SCHEMAS }, (_, i) => echo(`/echo-${i}`, random));
    const app = await startApp(way, { controllers: echoes.map(({ controller }) => controller) });
    let compared = 0;
    for (const { type, path } of echoes) {
      const codec = compileSchema({ request: type }, 'Echo').request!;
      for (let i = 0; i < VALUES; i++) {
        let canonical: unknown;
        try {
          const value = codec.read(new RandomValue(random, 0, 0.1).message(type));
          // What both can say: a float is its four bytes, and no number is -0.
          canonical = codec.read(asJson(codec.readBinary(codec.encode(value))));
        } catch {
          continue; // a value that is no message
        }
        const bytes = codec.encode(canonical);
        const bodies = [
          [JSON_TYPE, JSON.stringify(asText(canonical))],
          [BINARY, bytes],
        ] as const;
        for (const [sent, body] of bodies) {
          for (const accept of [JSON_TYPE, BINARY]) {
            const headers = { 'content-type': sent, accept };
            const reply = await post(app.url + path, body, headers);
            expect([reply.status, sent, accept], reply.bytes.toString()).toEqual([
              200,
              sent,
              accept,
            ]);
            const read =
              accept === BINARY
                ? codec.readBinary(reply.bytes)
                : codec.read(JSON.parse(reply.bytes.toString()));
            // A default value that JSON may hold is not written in binary.
            const again = codec.encode(codec.read(asJson(read)));
            expect(again.equals(bytes), JSON.stringify(asJson(read))).toBe(true);
            compared++;
          }
        }
      }
    }
    expect(compared).toBeGreaterThan(SCHEMAS * VALUES);
  });
});
