import type { InferenceSession, Tensor } from 'onnxruntime-node';

/** A loaded model, wherever it computes. */
export interface Session {
  readonly inputMetadata: readonly InferenceSession.ValueMetadata[];
  readonly outputMetadata: readonly InferenceSession.ValueMetadata[];
  /** Computes the outputs named by `fetches`. */
  run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
    call?: SessionCall,
  ): Promise<Readonly<Record<string, Tensor>>>;
  /** Frees the model's memory once the runs that have started are done. */
  release(): Promise<void>;
}

/** Options of one run: those of ONNX Runtime itself, and ours. */
export interface SessionCall extends InferenceSession.RunOptions {
  /**
   * Keeps a run that waits for a thread from starting. One that runs in a thread is rejected at
   * once, though the thread goes on to its end.
   */
  readonly signal?: AbortSignal;
  /** Whether nobody uses a feed after this run: then its memory may be moved to another thread. */
  readonly mayMove?: (feed: Tensor) => boolean;
}
