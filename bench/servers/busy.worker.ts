import { performance } from 'node:perf_hooks';

/** A model in plain JavaScript that computes for 50 ms. */
export default function predict(): { done: boolean } {
  const until = performance.now() + 50;
  while (performance.now() < until);
  return { done: true };
}
