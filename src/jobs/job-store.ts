import type { JobLevels } from '../metrics/index.js';
import type {
  JobEnd,
  JobPace,
  JobRecord,
  JobRequest,
  JobResult,
  JobState,
  NewJob,
  Submission,
} from './job.js';

/** One run of a job, in the hands of a worker. */
export interface JobRun {
  readonly id: string;
  readonly request: JobRequest;
  readonly body: Buffer;
  /** Which of its runs this is, from 1; those that were given back do not count. */
  readonly attempt: number;
  /** Runs that have failed before. */
  readonly failures: number;
  /** Milliseconds until the job's deadline. */
  readonly timeLeft: number;
  /** Aborted where nobody waits for the job any more, or another worker has it. */
  readonly signal: AbortSignal;
  /** Notes how much of it is done. */
  progress(fraction: number): void;
}

/** What a run comes to. */
export type RunOutcome =
  | JobEnd
  /** It failed, and is tried again after a pause. */
  | { readonly state: 'retried'; readonly delay: number }
  /** It did not begin here, and uses up no attempt; another worker may have it after a pause, or at once. */
  | { readonly state: 'returned'; readonly delay: number }
  /** It was aborted: there is nothing to tell. */
  | { readonly state: 'dropped' };

/** Runs a job; never rejects. */
export type RunJob = (run: JobRun) => Promise<RunOutcome>;

/** Takes jobs of one endpoint out of their store, and runs them. */
export interface JobWorker {
  /** How many it has in hand. */
  readonly running: number;
  /** Takes no more of them. */
  pause(): void;
  /** Ends when it has none in hand, after `pause`. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** What stores are told of the endpoint whose jobs they keep. Times are milliseconds. */
export interface StoredEndpoint {
  /** The name of its queue, the same in all processes and versions of the app. */
  readonly queue: string;
  readonly attempts: number;
  readonly timeout: number;
  readonly maxWaiting: number;
  /** How long what has ended is kept. */
  readonly resultTtl: number;
  /** Told of every job that this process has ended, of whatever age that was: another may have ended it before. */
  onEnd(state: JobState, age: number): void;
}

/**
 * The jobs of one endpoint. A store that cannot be reached fails with `Unavailable`, soon.
 */
export interface JobStore {
  submit(job: NewJob): Promise<Submission>;
  find(id: string): Promise<JobRecord | undefined>;
  result(id: string): Promise<JobResult | undefined>;
  pace(): Promise<JobPace>;
  /** Cancels a job that has not ended; what it was before. One that has ended is forgotten. */
  remove(id: string): Promise<JobRecord['state'] | undefined>;
  /** Ends a job whose deadline has passed, unless somebody runs it: then that is theirs to do. */
  expire(id: string, end: JobEnd): Promise<void>;
  levels(): Promise<JobLevels>;
  /** Ends when the job has, after so many milliseconds, or as the signal says, whichever comes first. */
  whenEnded(id: string, ms: number, signal: AbortSignal): Promise<void>;
  /** @param concurrency how many jobs to have in hand at once */
  work(run: RunJob, concurrency: number): JobWorker;
}

/** Keeps the jobs of an app. */
export interface JobBackend {
  /** What the boot log is to say of it. */
  readonly warning: string | undefined;
  open(endpoint: StoredEndpoint): JobStore;
  close(): Promise<void>;
}
