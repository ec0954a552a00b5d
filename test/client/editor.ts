import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const OPTIONS: ts.CompilerOptions = {
  strict: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  skipLibCheck: true,
  typeRoots: [`${ROOT}node_modules/@types`],
  paths: { 'nestjs-model-serving': [`${ROOT}src/index.ts`] },
};

/** Writes a file, and gives what an editor offers in it at each `|`, which is not written. */
export function offersIn(file: string, marked: string): string[][] {
  const pieces = marked.split('|');
  writeFileSync(file, pieces.join(''));
  const service = ts.createLanguageService({
    getCompilationSettings: () => OPTIONS,
    getScriptFileNames: () => [file],
    getScriptVersion: () => '1',
    getScriptSnapshot: (path) => {
      const text = ts.sys.readFile(path);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => dirname(file),
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
  });
  let position = 0;
  return pieces.slice(0, -1).map((piece) => {
    position += piece.length;
    const found = service.getCompletionsAtPosition(file, position, {})?.entries ?? [];
    return found.map(({ name }) => name).toSorted();
  });
}
