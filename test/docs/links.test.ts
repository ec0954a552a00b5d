import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PAGES, read, ROOT, type Page } from './pages.js';

const EXAMPLES = readdirSync(`${ROOT}examples`).map((name) => read(`examples/${name}/README.md`));

interface Link {
  readonly href: string;
  /** The file or folder it leads to, from the root of the repository. */
  readonly path: string;
  /** The heading in it; empty for the whole. */
  readonly anchor: string;
}

/** Of a page, to other pages and files of this repository. */
function linksOf({ path, prose }: Page): Link[] {
  const hrefs = [...prose.matchAll(/\]\(([^)\s]*)\)/g)].map(([, href]) => href!);
  return hrefs
    .filter((href) => !/^[a-z]+:/.test(href))
    .map((href) => {
      const [target = '', anchor = ''] = href.split('#');
      return { href, path: target ? posix.join(posix.dirname(path), target) : path, anchor };
    });
}

/** The anchors of a page's headings, as GitHub and npm make them. */
function anchorsOf({ prose }: Page): string[] {
  const seen = new Map<string, number>();
  return [...prose.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => {
    const kept = heading!.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '');
    const anchor = kept.trim().replaceAll(' ', '-');
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

describe.each([...PAGES, ...EXAMPLES])('$path', (page) => {
  const links = linksOf(page);

  test('links to files that exist', () => {
    expect(links.filter(({ path }) => !existsSync(`${ROOT}${path}`))).toEqual([]);
  });

  test('links to headings that exist', () => {
    const lost = links.filter(
      ({ path, anchor }) => anchor !== '' && !anchorsOf(read(path)).includes(anchor),
    );
    expect(lost).toEqual([]);
  });
});

test('every chapter is linked from the README', () => {
  const [readme, ...chapters] = PAGES;
  const linked = linksOf(readme!).map(({ path }) => path);
  expect(linked).toEqual(expect.arrayContaining(chapters.map(({ path }) => path)));
});

test('what is linked is in the package', { timeout: 120_000 }, () => {
  const packed = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const [{ files }] = JSON.parse(packed.stdout) as [{ files: { path: string }[] }];
  const isPacked = (path: string) =>
    files.some((file) => file.path === path || file.path.startsWith(`${path}/`));
  const pages = PAGES.filter(({ path }) => isPacked(path));
  expect(pages).toEqual(PAGES);
  const absent = pages.flatMap(linksOf).filter(({ path }) => !isPacked(path));
  expect(absent).toEqual([]);
});

test('the README is short', () => {
  expect(readFileSync(`${ROOT}README.md`, 'utf8').split('\n').length).toBeLessThan(250);
});
