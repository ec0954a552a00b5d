/**
 * Calls `exceeded` after `limit` milliseconds, unless cleared, and lets what has arrived in the
 * meantime be read before: after a handler held the event loop, timers come first, and a store that
 * answered long ago would count as slow.
 */
export function timeLimit(limit: number, exceeded: () => void): { clear(): void } {
  let immediate: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => (immediate = setImmediate(exceeded)), limit);
  return {
    clear: () => {
      clearTimeout(timer);
      clearImmediate(immediate);
    },
  };
}
