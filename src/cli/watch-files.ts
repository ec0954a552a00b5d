import { watch, type FSWatcher } from 'node:fs';
import { dirname } from 'node:path';

/** An editor makes several events of one change, and the file may be empty between them. */
const SETTLED_AFTER_MS = 50;

/**
 * Does something now, and again whenever a .proto changes in a folder of those that it has read, until
 * the process is ended. Folders are watched, since editors put a new file in the place of the old one.
 *
 * @param act does it and gives the files that it has read
 */
export function watchFiles(act: () => readonly string[]): Promise<never> {
  const watchers = new Map<string, FSWatcher>();
  let due: NodeJS.Timeout | undefined;
  const changed = (name: string | null): void => {
    if (name === null || name.endsWith('.proto')) due ??= setTimeout(again, SETTLED_AFTER_MS);
  };
  const watchFolder = (folder: string): void => {
    const watcher = watch(folder, (_, name) => changed(name));
    // A folder that is removed is watched anew when it is back.
    watcher.once('error', () => {
      watcher.close();
      watchers.delete(folder);
    });
    watchers.set(folder, watcher);
  };
  const again = (): void => {
    due = undefined;
    const folders = new Set(act().map((file) => dirname(file)));
    const unwatched = [...folders].filter((folder) => !watchers.has(folder));
    for (const folder of unwatched) watchFolder(folder);
    // What has changed before a folder was watched.
    if (unwatched.length > 0) act();
  };
  again();
  process.stdout.write('watching\n');
  return new Promise(() => {});
}
