import { status } from '@grpc/grpc-js';

/** What became of a call: which process has answered it, or that none was there, or what went wrong. */
export type Outcome = { readonly pid?: number } | 'refused' | { readonly failed: string };

/** Makes one call after the other, on a connection that it makes anew where it ends. */
export type Caller = (n: number) => Promise<Outcome>;

/** What a call by gRPC has failed with; never accepted is nothing lost. */
export function failure({ code, message }: { code: number; message?: string }): Outcome {
  if (code === status.UNAVAILABLE && /ECONNREFUSED/.test(message!)) return 'refused';
  return { failed: `${code} ${message}` };
}

/** Busy clients, until so many calls are answered or the server is gone. */
export class Load {
  readonly pids = new Set<number>();
  readonly failed: string[] = [];
  ok = 0;
  refused = 0;
  readonly #most: number;
  readonly #done: Promise<unknown>;

  constructor(callers: readonly Caller[], most: number) {
    this.#most = most;
    this.#done = Promise.all(callers.map((call) => this.#run(call)));
  }

  async busy(): Promise<void> {
    await this.reached(200);
  }

  async reached(count: number): Promise<void> {
    while (this.ok < count && this.failed.length === 0) await new Promise(setImmediate);
  }

  async end(): Promise<this> {
    await this.#done;
    return this;
  }

  async #run(call: Caller): Promise<void> {
    for (let n = 0; this.ok < this.#most; n++) {
      const outcome = await call(n);
      if (outcome === 'refused') {
        this.refused++;
        return;
      }
      if ('failed' in outcome) {
        this.failed.push(outcome.failed);
        continue;
      }
      this.ok++;
      if (outcome.pid !== undefined) this.pids.add(outcome.pid);
    }
  }
}
