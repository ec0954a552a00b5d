import type { Carrier } from '../tracing/index.js';

/** What has become of a job. */
export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

export const JOB_STATES: readonly JobState[] = [
  'queued',
  'running',
  'succeeded',
  'failed',
  'cancelled',
];

/** The request that a job was made of, as its handler is to see it; only its body is kept apart. */
export interface JobRequest {
  readonly requestId: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | string[] | undefined>>;
  /** Its place in a trace, where there was an SDK. */
  readonly trace?: Carrier | undefined;
}

/** A job that is to be taken in. */
export interface NewJob {
  /** 128 random bits. */
  readonly id: string;
  /** Who may ask for it: a digest of its owner and of where it was sent to. */
  readonly scope: string;
  readonly request: JobRequest;
  readonly body: Buffer;
  /** The client's `Idempotency-Key`, made its own. */
  readonly key: string | undefined;
  /** Tells bodies apart that come with one key. */
  readonly digest: string;
}

/** What became of taking a job in. */
export type Submission =
  | { readonly kind: 'taken'; readonly id: string }
  /** One of the same key and body is there already. */
  | { readonly kind: 'known'; readonly id: string }
  /** Its key stands for another body. */
  | { readonly kind: 'other' }
  /** As many are waiting as may wait. */
  | { readonly kind: 'full' };

/** The failure of a job, as its status tells it. */
export interface JobFailure {
  readonly error: string;
  readonly code: string;
  readonly requestId: string;
  readonly details?: readonly object[];
}

/** A job as its clients may know it. Times are milliseconds since the epoch, on the store's clock. */
export interface JobRecord {
  readonly id: string;
  readonly scope: string;
  readonly requestId: string;
  readonly state: JobState;
  readonly createdAt: number;
  /** When it was taken in, or was given back or will be due to be run again. */
  readonly waitingSince: number;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  /** When this was found. */
  readonly now: number;
  /** Runs that have been started, but for those that were given back. */
  readonly attempts: number;
  /** From 0 to 1, as its handler says. */
  readonly progress: number | undefined;
  readonly failure: JobFailure | undefined;
}

/** The answer that a call would have got. */
export interface JobResult {
  readonly status: number;
  readonly type: string;
  /** Headers that interceptors or filters of the app have set. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer;
}

/** How a job ended. */
export type JobEnd =
  | { readonly state: 'succeeded'; readonly result: JobResult }
  | { readonly state: 'failed'; readonly result: JobResult; readonly failure: JobFailure };

/** How long jobs of an endpoint wait and run lately, in milliseconds; 0 where nothing is known. */
export interface JobPace {
  readonly waiting: number;
  readonly running: number;
}
