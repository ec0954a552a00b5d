import { AbstractHttpAdapter } from '@nestjs/core';

/**
 * What Nest's adapters keep of what an app has hooked in, to call it from hooks of their own. All of them
 * are empty in an app that has hooked in nothing.
 */
interface Kept {
  onRequestHook?: unknown;
  onResponseHook?: unknown;
  corsHook?: unknown;
  securityHook?: unknown;
  onRouteTriggered?: unknown;
  return503OnClosing?: unknown;
}

/** What such a hook may ask of its adapter: the rest is for other requests, or for when it stops. */
const KNOWN = [
  'onRequestHook',
  'onResponseHook',
  'corsHook',
  'securityHook',
  'runRequestHook',
  'runLifecycleHook',
  'logger',
  'copyCorsHeadersToRaw',
  'isRoutableRequestTarget',
  'versionExtractorErrors',
];
/** Fastify's adapter keeps the option, too; Express's has a hook without it, that always refuses. */
const REFUSES_WHEN_ASKED = 'this.return503OnClosing && this.isShuttingDown';

/** What the library itself has put before methods of adapters that were as they come. */
const OURS = new WeakSet<object>();

type Method = (...args: unknown[]) => unknown;

/** Puts something before a method of an adapter, be that Nest's or what an app has put there. */
export function standBefore(
  adapter: AbstractHttpAdapter,
  name: 'post' | 'setNotFoundHandler',
  make: (method: Method) => Method,
): void {
  const methods = adapter as unknown as Record<string, Method>;
  const isAlien = Object.hasOwn(adapter, name);
  const ours = make(methods[name]!.bind(adapter));
  if (!isAlien) OURS.add(ours);
  methods[name] = ours;
}

/** The hooks that one of Nest's adapters puts into its framework by itself. */
export class AdapterHooks {
  readonly #adapter: object;
  readonly #kept: Kept;
  readonly #source: string;

  constructor(adapter: AbstractHttpAdapter) {
    this.#adapter = adapter;
    this.#kept = adapter as unknown as Kept;
    this.#source = String(adapter.constructor);
  }

  /** Whether a class or a method of the app's own is in the adapter's place. */
  get isAlien(): boolean {
    const adapter = this.#adapter;
    const prototype: object = Object.getPrototypeOf(adapter);
    if (Object.getPrototypeOf(prototype) !== AbstractHttpAdapter.prototype) return true;
    return Object.entries(adapter).some(
      ([name, value]) =>
        typeof value === 'function' &&
        name in prototype &&
        name !== 'beforeClose' && // the drain's own
        !OURS.has(value),
    );
  }

  /** Whether the app has hooked in nothing by the adapter's methods. */
  get areIdle(): boolean {
    const kept = this.#kept;
    return !(
      kept.onRequestHook ||
      kept.onResponseHook ||
      kept.corsHook ||
      kept.securityHook ||
      kept.onRouteTriggered ||
      kept.return503OnClosing
    );
  }

  /**
   * Whether a function is one of these hooks, written in the source of the adapter's class where it is given
   * to the framework, and depends on nothing but what is known.
   */
  include(hook: unknown): boolean {
    const text = String(hook);
    const place = this.#source.indexOf(text);
    if (place === -1 || !/\b(?:use|addHook)\([^()]*$/.test(this.#source.slice(0, place))) {
      return false;
    }
    const asked = text.replace(REFUSES_WHEN_ASKED, '').matchAll(/\bthis\.(\w+)/g);
    return [...asked].every(([, field]) => KNOWN.includes(field!));
  }
}
