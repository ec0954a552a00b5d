import { check } from './check.mjs';
import { start } from './server.mjs';

/** An optional peer that this machine cannot run; its rows say what is missing. */
export class Missing extends Error {}

/** The servers of one case: started when first asked for, stopped together. */
export class Fleet {
  /** @type {Map<string, Promise<import('./server.mjs').Server>>} */
  #started = new Map();
  /**
   * A server with the load it is timed under. Its answer is right now; whoever times it calls `check`
   * afterwards, so that what was timed was right to the end.
   *
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
    const side = { server: ready, shot: expectation.shot, check: () => check(ready, expectation) };
    await side.check();
    return side;
  }

  async close() {
    const servers = await Promise.allSettled(this.#started.values());
    await Promise.all(servers.map(({ value }) => value?.stop()));
  }
}
