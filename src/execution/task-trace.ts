/** Told what becomes of a task until its handler starts: a trace shows it. Its methods must not throw. */
export interface TaskTrace {
  /** It waits for a slot. */
  queued(): void;
  /** Its handler, or that of its batch, starts after it has waited so many milliseconds. */
  started(waited: number): void;
  /** It waits for the answer that another task gets. */
  joined(other: TaskTrace): void;
}
