import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { onTestFinished } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const STRICT: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts'],
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  isolatedModules: true,
  erasableSyntaxOnly: true,
  noUnusedLocals: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  types: ['node'],
  typeRoots: [join(ROOT, 'node_modules/@types')],
  paths: { 'nestjs-model-serving': [join(ROOT, 'src/schema/index.ts')] },
};

/** The projects in which generated code has to compile. */
export const PROJECTS: Readonly<Record<string, ts.CompilerOptions & { readonly type: string }>> = {
  'an ESM project': {
    ...STRICT,
    type: 'module',
    module: ts.ModuleKind.NodeNext,
    verbatimModuleSyntax: true,
  },
  'a CommonJS project': { ...STRICT, type: 'commonjs', module: ts.ModuleKind.NodeNext },
  'a project of the old kind': {
    ...STRICT,
    type: 'commonjs',
    module: ts.ModuleKind.CommonJS,
    moduleResolution: ts.ModuleResolutionKind.Node10,
    exactOptionalPropertyTypes: false,
    ignoreDeprecations: '6.0',
  },
  'a bundled project': {
    ...STRICT,
    type: 'module',
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    verbatimModuleSyntax: true,
  },
};

/** A folder with these files, which is removed when the test is over. */
export function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'types-')));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** What the compiler says of the files of a folder: `name:line message`, without what it imports. */
export function complaints(
  folder: string,
  names: readonly string[],
  { type, ...options } = PROJECTS['an ESM project']!,
): string[] {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }));
  const program = ts.createProgram(
    names.map((name) => join(folder, name)),
    options,
  );
  const inOptions = [...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics()];
  const inFiles = program
    .getSourceFiles()
    .filter(({ fileName }) => fileName.startsWith(folder))
    .flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]);
  return [...inOptions, ...inFiles].map(({ file, start = 0, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, ' ');
    if (!file) return text;
    const { line } = file.getLineAndCharacterOfPosition(start);
    return `${file.fileName.slice(folder.length + 1)}:${line + 1} ${text}`;
  });
}
