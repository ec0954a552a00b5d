import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import ts from 'typescript';
import { expect, it, onTestFinished } from 'vitest';
import { bundle } from './bundle.js';
import { offersIn } from './editor.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SOURCES = `${ROOT}src/client/`;

it('The client is under 6 KB in a browser, and all of it is its own', async () => {
  const { code, imports } = await bundle();
  expect(imports).toEqual([]);
  expect(gzipSync(code).length).toBeLessThan(6 * 1024);
});

it('imports nothing from outside its folder', () => {
  for (const file of readdirSync(SOURCES)) {
    const { importedFiles } = ts.preProcessFile(readFileSync(SOURCES + file, 'utf8'));
    for (const { fileName } of importedFiles) expect(fileName).toMatch(/^\.\/[\w-]+\.js$/);
  }
});

it('needs no more of a platform than what browsers have', { timeout: 60_000 }, () => {
  const program = ts.createProgram([`${SOURCES}index.ts`], {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
  });
  const problems = ts.getPreEmitDiagnostics(program).map(({ messageText }) => messageText);
  expect(problems).toEqual([]);
});

const FIELDS = ['at', 'counts', 'id', 'ids', 'image', 'inner', 'mode', 'parts', 'score'];
const INPUT = [...FIELDS, 'text', 'weights'];

/** What an editor offers where `|` stands. */
const OFFERS: [string, string[]][] = [
  [`client.call('|');`, ['/echo', '/other/:id']],
  [`client.call('/echo', { | });`, INPUT],
  [`client.call('/echo', { inner: { | } });`, INPUT],
  [`client.call('/other/:id', { | }, { params: { id: 1 } });`, INPUT],
  [`client.call('/other/:id', {}, { params: { | } });`, ['id']],
  [`client.stream('/echo', { | });`, INPUT],
  [`client.call('/echo', { mode: '|' });`, ['EXACT', 'FAST']],
  [`(await client.call('/echo', {})).|;`, ['id', 'image', 'request']],
  [`(await client.call('/echo', {})).request!.inner!.|;`, INPUT],
];

it('completes in an editor', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'client-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const marked = `
    import { createClient } from '${SOURCES}index.js';
    import type { echoSchema } from '${ROOT}test/client/echo-schema.js';
    type Api = { '/echo': typeof echoSchema; '/other/:id': typeof echoSchema };
    const client = createClient<Api>('http://localhost');
    ${OFFERS.map(([line]) => line).join('\n')}
    export {};`;
  for (const [index, offered] of offersIn(join(folder, 'app.ts'), marked).entries())
    expect([OFFERS[index]![0], offered]).toEqual(OFFERS[index]);
});
