import { check } from './check.mjs';
import { start } from './server.mjs';

/** An optional peer that this machine cannot run; its rows say what is missing. */
export class Missing extends Error {}

/**
 * The servers of one case: started when first asked for, checked before and after they are timed,
 * stopped together.
 */
export class Fleet {
  /** @type {Map<string, Promise<import('./server.mjs').Server>>} */
  #started = new Map();
  /** @type {Array<() => Promise<void>>} */
  #checks = [];

  /**
   * @param {import('./server.mjs').ServerSpec} spec
   * @param {import('./check.mjs').Expectation} expectation
   * @returns {Promise<import('./rounds.mjs').Side>}
   */
  async side(spec, expectation) {
    if (spec.missing) throw new Missing(`${spec.name} cannot run here: ${spec.missing} is missing`);
    let server = this.#started.get(spec.name);
    if (!server) {
      server = start(spec);
      this.#started.set(spec.name, server);
    }
    const ready = await server;
    await check(ready, expectation);
    this.#checks.push(() => check(ready, expectation));
    return { server: ready, shot: expectation.shot };
  }

  /** Checks every answer once more and stops the servers, also when a check fails. */
  async close() {
    try {
      for (const again of this.#checks) await again();
    } finally {
      const servers = await Promise.allSettled(this.#started.values());
      await Promise.all(servers.map(({ value }) => value?.stop()));
    }
  }
}
