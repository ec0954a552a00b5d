import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Of the repository. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A file in Markdown. */
export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly snippets: readonly Snippet[];
  /** What is not inside a snippet. */
  readonly prose: string;
}

/** A fenced block. */
export interface Snippet {
  /** The page and the line where it begins. */
  readonly place: string;
  /** Empty for a picture made of characters. */
  readonly language: string;
  readonly text: string;
  /** From the first line, where it is a comment that names the file. */
  readonly file: string | undefined;
}

/** What a user reads: the README and the chapters. */
export const PAGES: readonly Page[] = [
  'README.md',
  ...readdirSync(`${ROOT}docs`)
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
].map(read);

/** Takes a page apart. A fence ends with the page where nothing else ends it, as in Markdown. */
export function read(path: string): Page {
  const snippets: Snippet[] = [];
  const prose: string[] = [];
  let block: { place: string; language: string; lines: string[] } | undefined;
  const lines = readFileSync(`${ROOT}${path}`, 'utf8').split('\n');
  lines.forEach((line, index) => {
    const fence = /^\s*```(.*)$/.exec(line);
    if (fence === null) (block?.lines ?? prose).push(line);
    else if (block === undefined) {
      block = { place: `${path}:${index + 1}`, language: fence[1]!.trim(), lines: [] };
    } else {
      snippets.push(snippetOf(block));
      block = undefined;
    }
  });
  if (block !== undefined) snippets.push(snippetOf(block));
  return { path, snippets, prose: prose.join('\n') };
}

function snippetOf(block: { place: string; language: string; lines: string[] }): Snippet {
  const { place, language, lines } = block;
  const file = /^\/\/ (\S+\.\w+)$/.exec(lines[0] ?? '')?.[1];
  return { place, language, text: lines.map((line) => `${line}\n`).join(''), file };
}
