import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { SMALL_LIMIT } from './model.js';
import type { Script } from './wire.js';

const CLOSE = 'Connection: close';
const OBJECT = '{"text":"größer","count":3}';
/** Nothing is wrong with it so far: it is told only by the client that goes away. */
const GZIP_BEGUN = gzipSync(OBJECT).subarray(0, 2);

/** A request as it stands on the wire. */
function request(line: string, headers: readonly string[] = [], body: string | Uint8Array = '') {
  const bytes = Buffer.from(body);
  const told = headers.some((header) => /^(?:content-length|transfer-encoding):/i.test(header));
  const length = told ? [] : [`Content-Length: ${bytes.length}`];
  const head = [`${line} HTTP/1.1`, 'Host: localhost', ...length, ...headers].join('\r\n');
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`), bytes]);
}

function post(path: string, headers: readonly string[] = [], body: string | Uint8Array = OBJECT) {
  return request(`POST ${path}`, [CLOSE, ...headers], body);
}

type Entries = [what: string, script: Script, hangUp?: boolean][];

/** Conversations about the endpoints of an app whose global prefix is `at`, with what each is about. */
export function conversations(at: string): Entries {
  return [
    ...targets(at),
    ...methods(at),
    ...encodings(at),
    ...lengths(at),
    ...framings(at),
    ...headers(at),
    ...connections(at),
    ...results(at),
    ...deadlines(at),
    ...aborts(at),
  ];
}

function targets(at: string): Entries {
  const paths = [
    `${at}/context`,
    `${at}/context?`,
    `${at}/context?a=1&a=2&b=%20c&__proto__=x`,
    `${at}/context?a=%zz`,
    `${at}/context?a?b/c`,
    `${at}/context?a#b`,
    `${at}/context#b`,
    `${at}/context;a=1`,
    `${at}/context/`,
    `${at}/context//`,
    `/${at}/context`,
    `${at}//context`,
    `${at}/conte%78t`,
    `${at}/context%00`,
    `${at}/context%2F`,
    `${at}/context%`,
    `${at}/%zz`,
    `${at}/./context`,
    `${at}/x/../context`,
    `${at}/context/..`,
    `${at}/context\\`,
    `${at.toUpperCase()}/CONTEXT`,
    `http://localhost${at}/context`,
    `http://localhost${at}/context?a=1`,
    `https://other.test${at}/context`,
    `//localhost${at}/context`,
    'http://localhost',
    `${at.slice(1)}/context`,
    '*',
    '/',
    `${at}/nowhere`,
    `${at}/by/name/x%2Fy?z=1`,
    `${at}/by/name/`,
  ];
  return paths.map((path) => [`POST ${path}`, [post(path)]]);
}

function methods(at: string): Entries {
  const all = [
    'GET',
    'HEAD',
    'OPTIONS',
    'PUT',
    'PATCH',
    'DELETE',
    'TRACE',
    'QUERY',
    'post',
    'PURGE',
  ];
  return all.flatMap((method): Entries => [
    [`${method} of an endpoint`, [request(`${method} ${at}/free`, [CLOSE])]],
    [`${method} with a body`, [request(`${method} ${at}/free`, [CLOSE], OBJECT)]],
    [`${method} of nothing`, [request(`${method} ${at}/nowhere`, [CLOSE])]],
  ]);
}

function encodings(at: string): Entries {
  const text = Buffer.from(OBJECT);
  const large = Buffer.from(`{"text":"${'x'.repeat(4 * SMALL_LIMIT)}"}`);
  const coded: [string, Uint8Array][] = [
    ['gzip', gzipSync(text)],
    ['GZip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['br', brotliCompressSync(text)],
    ['identity', text],
    ['', text],
    ['gzip', text],
    ['br', gzipSync(text)],
    ['gzip', gzipSync(text).subarray(0, 20)],
    ['gzip', gzipSync(large)],
    ['gzip, gzip', gzipSync(gzipSync(text))],
    ['zstd', text],
    ['__proto__', text],
  ];
  return coded.map(([name, bytes], index) => [
    `body ${index} as ${name}`,
    [post(`${at}/small`, [`Content-Encoding: ${name}`], bytes)],
  ]);
}

function lengths(at: string): Entries {
  const of = (length: number) => `{"k":"${'x'.repeat(length - 8)}"}`;
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
  return [
    ['a body of the limit', [post(`${at}/small`, [], of(SMALL_LIMIT))]],
    ['a body beyond it', [post(`${at}/small`, [], of(SMALL_LIMIT + 1))]],
    ['a body far beyond it', [post(`${at}/small`, [], of(300_000))]],
    ['a body larger than a buffer', [post(`${at}/free`, [], of(500_000))]],
    ['an announced body', [post(`${at}/small`, ['Content-Length: 9000000'], '')]],
    [
      'chunks beyond the limit',
      [
        post(
          `${at}/small`,
          ['Transfer-Encoding: chunked'],
          chunk(of(SMALL_LIMIT + 1)) + '0\r\n\r\n',
        ),
      ],
    ],
    ['a body in pieces', [post(`${at}/free`, ['Content-Length: 10'], '{"te'), 'xt":', '1}']],
    ['a body that comes later', [post(`${at}/free`, ['Content-Length: 10'], ''), '{"text":1}']],
    ['no body', [post(`${at}/free`, [], '')]],
  ];
}

function framings(at: string): Entries {
  const chunked = 'Transfer-Encoding: chunked';
  const framed: [string, string[], string][] = [
    ['chunks', [chunked], '5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\n'],
    ['chunks with extensions', [chunked], '7;a=b\r\n{"a":1}\r\n0\r\n\r\n'],
    ['chunks with trailers', [chunked, 'Trailer: X-T'], '7\r\n{"a":1}\r\n0\r\nX-T: 1\r\n\r\n'],
    ['a size that is none', [chunked], 'x\r\n{"a":1}\r\n0\r\n\r\n'],
    ['a size too small', [chunked], '3\r\n{"a":1}\r\n0\r\n\r\n'],
    ['length and chunks', [chunked, 'Content-Length: 7'], '7\r\n{"a":1}\r\n0\r\n\r\n'],
    ['two lengths', ['Content-Length: 7', 'Content-Length: 8'], '{"a":1}'],
    ['a length that is none', ['Content-Length: 7x'], '{"a":1}'],
    ['a negative length', ['Content-Length: -1'], '{"a":1}'],
    ['chunks in gzip', ['Transfer-Encoding: gzip, chunked'], '7\r\n{"a":1}\r\n0\r\n\r\n'],
    ['another framing', ['Transfer-Encoding: identity'], '{"a":1}'],
    ['a folded header', ['X-A: 1\r\n  2'], OBJECT],
    ['a space before a colon', ['X-A : 1'], OBJECT],
    ['a header without a name', [': 1'], OBJECT],
    ['more than the length', ['Content-Length: 2'], '{}GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ];
  return framed.map(([what, lines, body]) => [what, [post(`${at}/free`, lines, body)]]);
}

function headers(at: string): Entries {
  const lines = [
    'X-Request-Id: mine',
    'X-Request-Id: not mine',
    `X-Request-Id: ${'x'.repeat(129)}`,
    'X-Request-Timeout-Ms: 30000',
    'X-Request-Timeout-Ms: soon',
    'X-Request-Timeout-Ms: -1',
    'Content-Type: text/plain',
    'Content-Type: image/png',
    'Content-Type: application/x-www-form-urlencoded',
    'Content-Type: multipart/form-data; boundary=x',
    'Content-Type: ;;;',
    'Origin: https://evil.test',
    'Origin: http://localhost',
    'Origin: http://localhost:80\r\nX-Forwarded-Host: other.test',
    'Origin: http://other.test\r\nX-Forwarded-Host: other.test',
    'Origin: null',
    'Origin: https://evil.test\r\nContent-Type: application/json',
    'Sec-Fetch-Site: cross-site',
    'Sec-Fetch-Site: same-origin\r\nOrigin: https://evil.test',
    'Host: second.test',
    'TE: trailers',
    'Connection: X-Hop\r\nX-Hop: 1',
    'Keep-Alive: timeout=1',
    'Proxy-Connection: keep-alive',
    'Upgrade: websocket\r\nConnection: Upgrade',
    'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AA',
    'Expect: 100-continue',
    'Expect: 200-ok',
    'Accept: text/html',
    'Accept-Encoding: gzip',
    'Accept-Version: 2.x',
    'If-None-Match: *',
    'Range: bytes=0-1',
    'Cookie: __proto__=1',
    'X-Forwarded-For: 1.2.3.4',
  ];
  const plain = lines.map((line): Entries[number] => [line, [post(`${at}/context`, [line])]]);
  const cached = ['', 'Cache-Control: no-cache', '', 'Cache-Control: no-store', 'Cache-Control: x'];
  return [
    ...plain,
    ...cached.map((line, index): Entries[number] => [
      `request ${index} to a cache, ${line}`,
      [post(`${at}/free-cached`, line === '' ? [] : [line])],
    ]),
    [
      'Expect before a body',
      [post(`${at}/free`, ['Expect: 100-continue', 'Content-Length: 10'], ''), '{"text":1}'],
    ],
    [
      'Expect before a body too large',
      [post(`${at}/small`, ['Expect: 100-continue', 'Content-Length: 10000'], '')],
    ],
    ['no Host', [`POST ${at}/context HTTP/1.1\r\n${CLOSE}\r\nContent-Length: 2\r\n\r\n{}`]],
  ];
}

function connections(at: string): Entries {
  const open = (path: string, body = OBJECT) => request(`POST ${at}${path}`, [], body);
  const last = post(`${at}/free`);
  const old = (headers: string) =>
    `POST ${at}/free HTTP/1.0\r\n${headers}Content-Length: 2\r\n\r\n{}`;
  return [
    ['HTTP/1.0', [old('')]],
    ['HTTP/1.0 with a host', [old('Host: localhost\r\n')]],
    ['HTTP/1.0 that keeps alive', [old('Connection: keep-alive\r\n'), old('')]],
    [
      'HTTP/1.1 that keeps alive',
      [request(`POST ${at}/free`, ['Connection: keep-alive'], '{}'), last],
    ],
    ['one after another', [open('/free'), open('/checked'), last]],
    ['all at once', [Buffer.concat([open('/free'), open('/later'), open('/checked'), last])]],
    [
      'all at once, some of them others',
      [
        Buffer.concat([
          open('/later'),
          request('GET /__ping'),
          open('/free', '{'),
          request(`GET ${at}/free`),
          open('/nowhere'),
          last,
        ]),
      ],
    ],
    ['all at once, the first refused', [Buffer.concat([open('/small', 'x'.repeat(5_000)), last])]],
    ['a broken one behind', [Buffer.concat([open('/free'), Buffer.from('BROKEN\r\n\r\n')])]],
    ['an empty line before', [`\r\n${last.toString('latin1')}`]],
  ];
}

function results(at: string): Entries {
  const names = ['/checked', '/fails', '/later', '/returns'];
  const inputs = [
    'text',
    'undefined',
    'null',
    'string',
    'number',
    'observable',
    'empty',
    'function',
    'cycle',
    'http 404',
    'http 418',
    'http 500',
    'http 503',
    'invalid',
    'error',
    'thrown string',
    'thrown undefined',
    'frozen',
    'throwing getter',
  ];
  return names.flatMap((path) =>
    inputs.map((text): Entries[number] => [
      `${path} of ${text}`,
      [post(`${at}${path}`, [], JSON.stringify({ text }))],
    ]),
  );
}

function deadlines(at: string): Entries {
  const soon = 'X-Request-Timeout-Ms: 1';
  return [
    ['a deadline of 0', [post(`${at}/never`, ['X-Request-Timeout-Ms: 0'])]],
    ['a deadline while it runs', [post(`${at}/never`, [soon])]],
    ['a deadline while the body comes', [post(`${at}/free`, [soon, 'Content-Length: 90'], '{')]],
  ];
}

function aborts(at: string): Entries {
  return [
    ['gone before the body', [post(`${at}/free`, ['Content-Length: 90'], '')], true],
    ['gone with half a body', [post(`${at}/free`, ['Content-Length: 90'], '{"a":')], true],
    [
      'gone with half a chunk',
      [post(`${at}/free`, ['Transfer-Encoding: chunked'], '5\r\n{"')],
      true,
    ],
    [
      'gone with half a gzip',
      [post(`${at}/free`, ['Content-Encoding: gzip', 'Content-Length: 90'], GZIP_BEGUN)],
      true,
    ],
    ['gone while it runs', [post(`${at}/never`, [])], true],
    [
      'gone with several waiting',
      [Buffer.concat([request(`POST ${at}/never`, [], '{}'), post(`${at}/free`)])],
      true,
    ],
  ];
}
