/** Longer than runs take: a thread that died unseen must not hold the process for ever. */
const PATIENCE_MS = 30_000;

const open = new Set<ExitGuard>();

// With the process Node ends its threads, and one that then comes back from ONNX Runtime aborts it,
// whatever its exit code was to be. Node waits for that thread in any case.
process.on('exit', () => {
  for (const guard of open) Atomics.wait(guard.flag, 0, 1, PATIENCE_MS);
});

/** A flag that an exiting process waits for. The thread it is shared with takes it down as well. */
export class ExitGuard {
  readonly flag = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

  constructor() {
    open.add(this);
  }

  raise(): void {
    Atomics.store(this.flag, 0, 1);
  }

  lower(): void {
    Atomics.store(this.flag, 0, 0);
  }

  close(): void {
    open.delete(this);
  }
}
