/*
 * One listener a signal for all calls that have it: Node warns of a leak where there are more than ten,
 * and an app's own signal may be that of any number of calls.
 */
const watchers = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `watcher` when the signal is aborted. */
export function watch(signal: AbortSignal, watcher: () => void): void {
  const all = watchers.get(signal) ?? new Set();
  watchers.set(signal, all.add(watcher));
  signal.addEventListener('abort', tell);
}

export function unwatch(signal: AbortSignal, watcher: () => void): void {
  const all = watchers.get(signal);
  all?.delete(watcher);
  if (all?.size === 0) signal.removeEventListener('abort', tell);
}

function tell(this: AbortSignal): void {
  for (const watcher of watchers.get(this) ?? []) watcher();
}
