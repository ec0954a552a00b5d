/** A command: what is told of it, and how it runs. */
export interface Command {
  readonly summary: string;
  readonly usage: string;
  /** Resolves with the exit code. */
  run(args: readonly string[]): Promise<number>;
}
