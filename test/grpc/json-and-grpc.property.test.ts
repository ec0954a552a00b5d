import type { Type as Controller } from '@nestjs/common';
import { ModelEndpoint, protobufSchema } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { compileSchema } from '../../src/schema/index.js';
import { asText } from '../schema/as-text.js';
import { Random } from '../schema/random.js';
import { randomSchema } from '../schema/random-schema.js';
import { RandomValue } from '../schema/random-value.js';
import { framed, openSession, rawCall } from './raw-call.js';
import { GRPC_DOORS, startGrpc } from './shared-app.js';

/** Repeat a run with SCHEMA_SEED=<the seed it printed>. */
const SEED = Number(process.env['SCHEMA_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
const SCHEMAS = 6;
const VALUES = 12;
const IMPORTS = ['any', 'duration', 'empty', 'field_mask', 'struct', 'timestamp', 'wrappers']
  .map((file) => `import "google/protobuf/${file}.proto";`)
  .join('\n');

/** An endpoint of a random message that gives back what it is sent, and keeps it. */
function echo(index: number, random: Random) {
  const { text } = randomSchema(random);
  const [syntax, ...declarations] = text.split('\n');
  const service = `service S${index} { rpc Echo(M0) returns (M0); }`;
  const proto = [syntax, IMPORTS, ...declarations, service].join('\n');
  const files = { file: 'fuzz.proto', files: { 'fuzz.proto': proto } };
  const schema = protobufSchema(files, { rpc: `S${index}.Echo` });
  const seen: object[] = [];
  class Echo {
    predict(message: object) {
      seen.push(message);
      return message;
    }
  }
  ModelEndpoint(`/echo-${index}`, schema)(Echo);
  const { request, method } = compileSchema(schema, 'Echo');
  return {
    controller: Echo as Controller,
    seen,
    codec: request!,
    type: method!.resolvedRequestType!,
    path: `/echo-${index}`,
    rpc: `/fuzz.v1.S${index}/Echo`,
  };
}

/** Which has no -0. */
const asJson = (value: unknown) => JSON.parse(JSON.stringify(asText(value))) as object;

describe.each(GRPC_DOORS)('a message on $door', (way) => {
  it('is the same by JSON and by gRPC, to the handler and to the client', async () => {
    console.info(`SCHEMA_SEED=${SEED}`);
    const random = new Random(SEED);
    const echoes = Array.from({ length: SCHEMAS }, (_, i) => echo(i, random));
    const { address, post } = await startGrpc(way, {
      controllers: echoes.map(({ controller }) => controller),
    });
    const session = openSession(address);
    let compared = 0;
    for (const { type, codec, path, rpc, seen } of echoes) {
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
        const byGrpc = await rawCall(session, rpc, framed(bytes));
        expect(byGrpc.code, byGrpc.message).toBe(0);
        const byJson = await post(path, JSON.stringify(asText(canonical)));
        expect(byJson.status, JSON.stringify(byJson.body)).toBe(200);
        // A default value that JSON may hold is not written in binary.
        const written = (value: unknown) => codec.encode(codec.read(asJson(value)));
        const [ofGrpc, ofJson] = seen.splice(0);
        for (const same of [ofGrpc, ofJson, byJson.body, codec.readBinary(byGrpc.messages[0]!)]) {
          expect(written(same).equals(bytes), JSON.stringify(asJson(same))).toBe(true);
          compared++;
        }
      }
    }
    expect(compared).toBeGreaterThan(SCHEMAS * VALUES);
  });
});
