import { existsSync, statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { globSync } from 'tinyglobby';
import { SourceError } from '../schema/proto/source-error.js';
import { GENERATED, generatedFiles, lostSourceOf, writeIfStale } from '../types/generated-file.js';
import type { Command } from './command.js';
import { UsageError } from './usage-error.js';
import { watchFiles } from './watch-files.js';

const USAGE = `Usage: nestjs-model-serving types <files or globs> [options]

Writes <name>.proto.ts beside each <name>.proto: TypeScript types of its messages, and a schema for
@ModelEndpoint of Request and Response, or of each rpc. A glob after "!" leaves files out.

With --json-schema also <name>.request.schema.json, what clients may send, and
<name>.response.schema.json, what they get.

Options:
  --include <folder>  where imports are looked for first; may be given several times
  --json-schema       writes JSON Schemas, too
  --check             writes nothing, and fails where a file is not as it would be written
  --watch             goes on, and writes again what changes
  --help              this text
`;

export const typesCommand: Command = {
  summary: 'writes TypeScript types and schemas of .proto files',
  usage: USAGE,
  async run(args) {
    const parsed = parse(args);
    const once = () => generateAll(parsed);
    if (!parsed.watch) return once().isDone ? 0 : 1;
    await watchFiles(() => once().sources);
    return 0;
  },
};

interface Arguments {
  readonly patterns: readonly string[];
  readonly includeDirs: readonly string[];
  readonly withJsonSchema: boolean;
  readonly check: boolean;
  readonly watch: boolean;
}

function parse(args: readonly string[]): Arguments {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        include: { type: 'string', multiple: true, default: [] },
        'json-schema': { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
        watch: { type: 'boolean', default: false },
      },
    });
    if (positionals.length === 0) throw new Error('expected .proto files, got none');
    if (values.check && values.watch) throw new Error('expected --check or --watch, got both');
    const { check, watch, 'json-schema': withJsonSchema } = values;
    const includeDirs = values.include.map((folder) => resolve(folder));
    return { patterns: positionals, includeDirs, withJsonSchema, check, watch };
  } catch (error) {
    throw new UsageError((error as Error).message, USAGE);
  }
}

interface Outcome {
  readonly isDone: boolean;
  /** Everything that was read. */
  readonly sources: readonly string[];
}

/** Writes what is generated of all files, or says what is stale; one that is wrong leaves the others be. */
function generateAll({ patterns, includeDirs, withJsonSchema, check }: Arguments): Outcome {
  const sources = new Set<string>();
  let isDone = true;
  const complain = (line: string): void => {
    isDone = false;
    process.stderr.write(`${line}\n`);
  };

  const left = patterns.filter((pattern) => pattern.startsWith('!')).map((name) => name.slice(1));
  const wanted = patterns.filter((pattern) => !pattern.startsWith('!'));
  const protos = new Set(
    wanted.flatMap((pattern) => {
      const found = filesOf(pattern, left);
      if (found.length === 0) complain(`${pattern}: expected .proto files, got none`);
      return found;
    }),
  );
  const command = `nestjs-model-serving types${withJsonSchema ? ' --json-schema' : ''}`;
  for (const proto of protos) {
    try {
      const generation = { includeDirs, protos, withJsonSchema };
      for (const file of generatedFiles(proto, generation, sources)) {
        if (!file.isStale) continue;
        if (check) complain(`${shown(file.path)} is stale: run ${command}`);
        else {
          writeIfStale(file);
          process.stdout.write(`${shown(file.path)} written\n`);
        }
      }
    } catch (error) {
      complain(complaintOf(error, proto));
    }
  }
  for (const path of new Set(wanted.flatMap((pattern) => generatedOf(pattern, left)))) {
    const lost = lostSourceOf(path);
    if (lost === undefined) continue;
    const line = `${shown(path)} is left over: ${shown(lost)} is not there any more`;
    if (check) complain(line);
    else process.stdout.write(`${line}\n`);
  }
  return { isDone, sources: [...sources] };
}

/** A file by its own name, whatever characters are in it, or the files that a pattern matches. */
function filesOf(pattern: string, left: readonly string[]): string[] {
  if (isFile(pattern)) return [resolve(pattern)];
  return matching([pattern], left).filter((file) => file.endsWith('.proto'));
}

/** What has been generated of the files that a pattern matches, or matched once. */
function generatedOf(pattern: string, left: readonly string[]): string[] {
  if (isFile(pattern)) return [];
  const patterns = GENERATED.map((ending) => pattern.replace(/\.proto$/, ending));
  return matching(patterns, left).filter((file) => GENERATED.some((end) => file.endsWith(end)));
}

function isFile(pattern: string): boolean {
  return existsSync(pattern) && statSync(pattern).isFile();
}

function matching(patterns: readonly string[], left: readonly string[]): string[] {
  const files = globSync(
    patterns.map((pattern) => pattern.replaceAll('\\', '/')),
    { absolute: true, ignore: ['**/node_modules/**', ...left] },
  );
  return files.map((file) => resolve(file)).sort();
}

function complaintOf(error: unknown, proto: string): string {
  if (error instanceof SourceError) {
    return `${shown(error.file)}:${error.line}:${error.column}: ${error.reason}`;
  }
  return `${shown(proto)}: ${error instanceof Error ? error.message : String(error)}`;
}

/** As one would type it. */
function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}
