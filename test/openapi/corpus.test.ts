import { OpenApiModule } from 'nestjs-model-serving/openapi';
import { describe, expect, it, vi } from 'vitest';
import { EchoModel } from '../http/model.js';
import { conversations } from '../http/request-corpus.js';
import { ResultModel } from '../http/result-models.js';
import { TORTURE } from '../http/torture-corpus.js';
import { converse } from '../http/wire.js';
import { ADAPTERS, startApp, type Adapter } from '../serving-app.js';
import { Documented } from './documented.js';

// It is thousands of connections.
vi.setConfig({ testTimeout: 120_000 });

interface WireAnswer {
  readonly status: string;
  readonly type: string | undefined;
  readonly body: string;
}

function answersOf(conversation: string): WireAnswer[] {
  const answers = conversation.split(/(?=HTTP\/1\.1 \d{3})/).filter(Boolean);
  return answers.map((answer) => {
    const end = answer.indexOf('\r\n\r\n');
    const head = answer.slice(0, end);
    return {
      status: head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length),
      type: /^content-type: ([^;\r]*)/im.exec(head)?.[1],
      body: Buffer.from(answer.slice(end + 4), 'latin1').toString(),
    };
  });
}

/** Of a script whose first request is one that an endpoint takes, the path as the document has it. */
function pathOf(piece: string | Uint8Array): string | undefined {
  const line = /^POST (?:http:\/\/localhost)?(\/[^?# ]+)\S* HTTP/.exec(
    Buffer.from(piece).toString(),
  );
  return line?.[1]!.replace(/by\/name\/.+/, 'by/name/{name}');
}

/** Words of Node or the framework, to which it is no request; of a handler's own exception; of a GET among others. */
const OTHERS_WORDS = [
  /^(?:0\r\n\r\n)?$/,
  /"statusCode":/,
  /"error":"An answer of its own"/,
  /"error":"Expected POST .*, got GET"/,
];

/** What JSON Schema cannot say, or sees no more in a body that has been parsed. */
const UNSAID = [
  /expected a finite number, got -?Infinity/,
  /without unpaired surrogates/,
  /expected each key once/,
  /is not valid UTF-8/,
];

async function start(adapter: Adapter) {
  const { app, url } = await startApp(adapter, {
    controllers: [EchoModel, ResultModel],
    imports: [OpenApiModule],
    setUp: (app) => app.setGlobalPrefix('way'),
  });
  return { url, documented: new Documented(app) };
}

describe.each(ADAPTERS)('In the conversations of the tests on %s', (adapter) => {
  it('answers are what the document says', async () => {
    const { url, documented } = await start(adapter);
    let checked = 0;
    for (const [what, script, hangUp] of conversations('/way')) {
      const path = script.length === 1 ? pathOf(script[0]!) : undefined;
      if (hangUp || path === undefined || documented.paths[path] === undefined) continue;
      for (const { status, type, body } of answersOf(await converse(url, script))) {
        if (type !== 'application/json' || OTHERS_WORDS.some((words) => words.test(body))) continue;
        const said = documented.paths[path].post.responses[status];
        expect(said?.content, `${what}: ${status} ${body}`).toBeDefined();
        const place = [path, 'post', 'responses', status, 'content', type];
        const complaints = documented.complaints(JSON.parse(body), ...place);
        expect(complaints, `${what}: ${body}`).toBeUndefined();
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(150);
  });

  it('bodies are taken as the document says, and answered so', async () => {
    const { url, documented } = await start(adapter);
    const path = '/way/checked';
    const agreed = { 200: 0, 400: 0 };
    for (const [what, body] of TORTURE) {
      const length = Buffer.byteLength(body);
      const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`;
      const script = [Buffer.concat([Buffer.from(head), Buffer.from(body)])];
      const [answer] = answersOf(await converse(url, script));
      const status = Number(answer!.status) as keyof typeof agreed;
      const text = answer!.body;
      const json = ['content', 'application/json'];
      const place = [path, 'post', 'responses', String(status), ...json];
      expect(documented.complaints(JSON.parse(text), ...place), what).toBeUndefined();
      // ajv's way into a value is one of recursion.
      const value = what.endsWith(' deep') ? undefined : parsed(body);
      if (value === undefined || UNSAID.some((words) => words.test(text))) continue;
      const refused = documented.complaints(value, path, 'post', 'requestBody', ...json);
      expect(refused === undefined ? 200 : 400, `${what}: ${refused} ${text}`).toBe(status);
      agreed[status]++;
    }
    expect(agreed[200]).toBeGreaterThan(50);
    expect(agreed[400]).toBeGreaterThan(50);
  });
});

/** `undefined` for what is no JSON. */
function parsed(body: string | Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(Buffer.from(body)));
  } catch {
    return undefined;
  }
}
