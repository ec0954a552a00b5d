import { deflateSync, gzipSync } from 'node:zlib';
import { OpenInferenceModule } from 'nestjs-model-serving/open-inference';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';
import { SIMPLE_MODELS } from './simple-models.js';
import { RawHttp, type RawAnswer } from './raw-http.js';

/*
 * What Triton's client for Python and KServe's send, byte by byte as they were seen on the wire: order and
 * case of the headers, their JSON, and the content types that they leave out.
 */

const A = Array.from({ length: 16 }, (_, index) => index);
const B = A.map(() => 1);
const SUMS = A.map((value) => value + 1);
const DIFFERENCES = A.map((value) => value - 1);
const packed = (list: readonly number[]) => Buffer.from(Int32Array.from(list).buffer);
const BYTES = Buffer.concat([packed(A), packed(B)]);
const texts = (list: readonly number[]) =>
  Buffer.concat(
    list.flatMap((value) => {
      const text = Buffer.from(String(value));
      const length = Buffer.alloc(4);
      length.writeUInt32LE(text.length);
      return [length, text];
    }),
  );

const DEFAULT =
  '{"inputs":[{"name":"INPUT0","shape":[1,16],"datatype":"INT32","parameters":{"binary_data_size":64}},' +
  '{"name":"INPUT1","shape":[1,16],"datatype":"INT32","parameters":{"binary_data_size":64}}],' +
  '"parameters":{"binary_data_output":true}}';
const CHOSEN =
  '{"id":"7","inputs":[{"name":"INPUT0","shape":[1,16],"datatype":"INT32","parameters":{"binary_data_size":64}},' +
  '{"name":"INPUT1","shape":[1,16],"datatype":"INT32","parameters":{"binary_data_size":64}}],' +
  '"outputs":[{"name":"OUTPUT0","parameters":{"binary_data":true}},{"name":"OUTPUT1","parameters":{"binary_data":false}}],' +
  '"parameters":{"priority":1,"timeout":1000000}}';
const LISTS =
  `{"inputs":[{"name":"INPUT0","shape":[1,16],"datatype":"INT32","data":[${A.join()}]},` +
  `{"name":"INPUT1","shape":[1,16],"datatype":"INT32","data":[${B.join()}]}],` +
  '"outputs":[{"name":"OUTPUT0","parameters":{"binary_data":false}}]}';
const STRINGS =
  '{"inputs":[{"name":"INPUT0","shape":[1,16],"datatype":"BYTES","parameters":{"binary_data_size":86}},' +
  '{"name":"INPUT1","shape":[1,16],"datatype":"BYTES","parameters":{"binary_data_size":80}}],' +
  '"parameters":{"binary_data_output":true}}';
const TEXTS =
  `{"inputs":[{"name":"INPUT0","shape":[1,16],"datatype":"BYTES","data":[${A.map((value) => `"${value}"`).join()}]},` +
  `{"name":"INPUT1","shape":[1,16],"datatype":"BYTES","data":[${B.map((value) => `"${value}"`).join()}]}],` +
  '"parameters":{"binary_data_output":true}}';

/** The JSON of an answer, and the bytes behind it. */
function parts({ headers, body }: RawAnswer): { json: any; rest: Buffer } {
  const length = Number(headers['inference-header-content-length'] ?? body.length);
  return { json: JSON.parse(body.toString('utf8', 0, length)), rest: body.subarray(length) };
}

describe.each(ADAPTERS)('On %s', (adapter) => {
  const start = async () => {
    const { url } = await startApp(adapter, {
      imports: [OpenInferenceModule.forRoot({ serverName: 'triton' })],
      controllers: SIMPLE_MODELS,
    });
    const { host } = new URL(url);
    const wire = new RawHttp(url);
    /** As gevent's client writes them. */
    const triton = (line: string, headers: readonly string[] = [], body?: Buffer) => {
      const length = body === undefined ? [] : [`content-length: ${body.length}`];
      const agent = 'user-agent: python/gevent-http-client-2.0.8';
      return wire.send([line, agent, ...headers, `host: ${host}`, ...length], body);
    };
    return { host, wire, triton };
  };

  it("Triton's client learns what there is", async () => {
    const { triton } = await start();
    const get = (path: string) => triton(`GET /v2${path} HTTP/1.1`);
    expect((await get('/health/live')).status).toBe(200);
    expect((await get('/health/ready')).status).toBe(200);
    expect((await get('/models/simple/ready')).status).toBe(200);
    expect((await get('/models/m%20x/versions/2/ready')).status).toBe(200);
    expect((await get('/models/other/ready')).status).not.toBe(200);
    expect(parts(await get('')).json).toMatchObject({ name: 'triton' });
    expect(parts(await get('/models/simple')).json).toMatchObject({
      name: 'simple',
      versions: ['1'],
      inputs: [{ name: 'INPUT0', datatype: 'INT32' }, { name: 'INPUT1' }],
      outputs: [{ name: 'OUTPUT0', datatype: 'INT32' }, { name: 'OUTPUT1' }],
    });
    expect(parts(await get('/models/simple/stats')).json.model_stats[0].name).toBe('simple');
    // Without a body, and without a length that says so.
    const index = await triton('POST /v2/repository/index HTTP/1.1');
    expect(parts(index).json).toContainEqual(expect.objectContaining({ name: 'simple' }));
  });

  it("Triton's client sends and gets bytes", async () => {
    const { triton } = await start();
    const infer = (path: string, json: string, bytes: Buffer) =>
      triton(
        `POST /v2/models/${path}/infer HTTP/1.1`,
        [`inference-header-content-length: ${Buffer.byteLength(json)}`],
        Buffer.concat([Buffer.from(json), bytes]),
      );
    const all = await infer('simple', DEFAULT, BYTES);
    expect(all.headers['content-type']).toBe('application/octet-stream');
    expect(parts(all).json.outputs).toEqual([
      { name: 'OUTPUT0', datatype: 'INT32', shape: [1, 16], parameters: { binary_data_size: 64 } },
      { name: 'OUTPUT1', datatype: 'INT32', shape: [1, 16], parameters: { binary_data_size: 64 } },
    ]);
    expect(parts(all).rest).toEqual(Buffer.concat([packed(SUMS), packed(DIFFERENCES)]));

    const { json, rest } = parts(await infer('simple/versions/1', CHOSEN, BYTES));
    expect(json).toMatchObject({ model_name: 'simple', model_version: '1', id: '7' });
    expect(json.outputs[1].data).toEqual(DIFFERENCES);
    expect(rest).toEqual(packed(SUMS));

    const bytes = Buffer.concat([texts(A), texts(B)]);
    const strings = parts(await infer('simple_string', STRINGS, bytes));
    expect(strings.rest).toEqual(Buffer.concat([texts(SUMS), texts(DIFFERENCES)]));
  });

  it("Triton's client sends JSON", async () => {
    const { triton } = await start();
    const infer = (model: string, json: string) =>
      triton(`POST /v2/models/${model}/infer HTTP/1.1`, [], Buffer.from(json));
    const { json } = parts(await infer('simple', LISTS));
    expect(json.outputs).toEqual([
      { name: 'OUTPUT0', datatype: 'INT32', shape: [1, 16], data: SUMS },
    ]);
    const strings = parts(await infer('simple_string', TEXTS));
    expect(strings.rest).toEqual(Buffer.concat([texts(SUMS), texts(DIFFERENCES)]));
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ] as const)("Triton's client sends %s", async (encoding, pack) => {
    const { triton } = await start();
    const headers = [
      `content-encoding: ${encoding}`,
      `inference-header-content-length: ${DEFAULT.length}`,
    ];
    const body = pack(Buffer.concat([Buffer.from(DEFAULT), BYTES]));
    const answer = await triton('POST /v2/models/simple/infer HTTP/1.1', headers, body);
    expect(parts(answer).rest).toEqual(Buffer.concat([packed(SUMS), packed(DIFFERENCES)]));
  });

  it("Triton's client is told what is wrong", async () => {
    const { triton } = await start();
    const infer = (model: string, json: string, header = json.length, bytes = BYTES) =>
      triton(
        `POST /v2/models/${model}/infer HTTP/1.1`,
        [`inference-header-content-length: ${header}`],
        Buffer.concat([Buffer.from(json), bytes]),
      );
    const refused = [
      await infer('simple', DEFAULT, 10_000),
      await infer('simple', DEFAULT, DEFAULT.length + 1),
      await infer('simple', DEFAULT, DEFAULT.length, BYTES.subarray(1)),
      await infer('simple', DEFAULT, DEFAULT.length, Buffer.concat([BYTES, BYTES])),
      await infer('simple', CHOSEN.replace('OUTPUT1', 'OUTPUT2')),
    ];
    expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 400));
    for (const answer of refused) expect(parts(answer).json.error).toEqual(expect.any(String));
    const unknown = await infer('other', DEFAULT);
    expect(unknown.status).toBe(404);
    expect(parts(unknown).json.error).toEqual(expect.any(String));
  });

  it("Triton's asynchronous client sends and gets bytes", async () => {
    const { host, wire } = await start();
    const body = Buffer.concat([Buffer.from(DEFAULT), BYTES]);
    const answer = await wire.send(
      [
        'POST /v2/models/simple/infer HTTP/1.1',
        `Host: ${host}`,
        `Inference-Header-Content-Length: ${DEFAULT.length}`,
        'Accept: */*',
        'Accept-Encoding: gzip, deflate',
        'User-Agent: Python/3.11 aiohttp/3.8.4',
        `Content-Length: ${body.length}`,
        'Content-Type: application/octet-stream',
      ],
      body,
    );
    expect(parts(answer).rest).toEqual(Buffer.concat([packed(SUMS), packed(DIFFERENCES)]));
  });

  it("KServe's client", async () => {
    const { host, wire } = await start();
    const httpx = (line: string, headers: readonly string[] = [], body?: Buffer) =>
      wire.send(
        [
          line,
          `Host: ${host}`,
          'Accept: */*',
          'Accept-Encoding: gzip, deflate',
          'Connection: keep-alive',
          'User-Agent: python-httpx/0.27.2',
          ...headers,
          ...(body === undefined ? [] : [`Content-Length: ${body.length}`]),
        ],
        body,
      );
    // It reads these bodies.
    expect(parts(await httpx('GET /v2/health/live HTTP/1.1')).json.live).toBe(true);
    expect(parts(await httpx('GET /v2/health/ready HTTP/1.1')).json.ready).toBe(true);
    expect((await httpx('GET /v2/models/simple/ready HTTP/1.1')).status).toBe(200);
    const id = '6f0a2c9e-5c1b-4a87-9a93-0d6a3f0f3b11';
    const lists = Buffer.from(
      `{"id":"${id}","model_name":"simple","inputs":[` +
        `{"name":"INPUT0","shape":[1,16],"datatype":"INT32","data":[[${A.join()}]]},` +
        `{"name":"INPUT1","shape":[1,16],"datatype":"INT32","data":[[${B.join()}]]}]}`,
    );
    const line = 'POST /v2/models/simple/infer HTTP/1.1';
    expect(parts(await httpx(line, [], lists)).json).toMatchObject({
      model_name: 'simple',
      id,
      outputs: [
        { name: 'OUTPUT0', data: SUMS },
        { name: 'OUTPUT1', data: DIFFERENCES },
      ],
    });
    const json = CHOSEN.replace('"id":"7"', `"id":"${id}","model_name":"simple"`);
    const headers = [
      `inference-header-content-length: ${json.length}`,
      'content-type: application/octet-stream',
    ];
    const answer = await httpx(line, headers, Buffer.concat([Buffer.from(json), BYTES]));
    expect(parts(answer).rest).toEqual(packed(SUMS));
  });
});
