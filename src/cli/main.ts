#!/usr/bin/env node
import type { Command } from './command.js';
import { UsageError } from './usage-error.js';

/** Each is loaded when it is called. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  types: async () => (await import('./types-command.js')).typesCommand,
  bench: async () => (await import('./bench-command.js')).benchCommand,
};

const NAME = 'nestjs-model-serving';

async function overview(): Promise<string> {
  const lines = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, load]) => `  ${name}  ${(await load()).summary}`),
  );
  return `Usage: ${NAME} <command>\n\nCommands:\n${lines.join('\n')}\n\n${NAME} <command> --help says more.\n`;
}

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h') {
    process.stdout.write(await overview());
    return name === undefined ? 2 : 0;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!load) throw new UsageError(`expected a command, got "${name}"`, await overview());
  const command = await load();
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(command.usage);
    return 0;
  }
  return command.run(args);
}

/** Who reads the output may have seen enough of it, as `head` has. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

/** 0: done; 1: what was asked for failed; 2: it was asked for wrongly. */
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${NAME}: ${error.message}\n\n${error.usage}`);
  process.exitCode = 2;
}
