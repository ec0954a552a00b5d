import type { JobPace, JobRecord } from './job.js';

const SHORTEST = 1;
const LONGEST = 60;

/** A job as its status tells it. */
export function operationOf(job: JobRecord): object {
  const { id, state, createdAt, startedAt, finishedAt, attempts, progress, failure } = job;
  return {
    id,
    state,
    done: isDone(job),
    createdAt: timeOf(createdAt),
    ...(startedAt !== undefined && { startedAt: timeOf(startedAt) }),
    ...(finishedAt !== undefined && { finishedAt: timeOf(finishedAt) }),
    attempts,
    ...(progress !== undefined && { progress }),
    ...(failure !== undefined && { error: failure }),
  };
}

export function isDone({ state }: Pick<JobRecord, 'state'>): boolean {
  return state !== 'queued' && state !== 'running';
}

/** Seconds after which to ask again for a job, by how long others have waited and run. */
export function retryAfterOf(job: JobRecord, { waiting, running }: JobPace): number {
  const { state, waitingSince, startedAt, now } = job;
  return state === 'running'
    ? seconds(running - (now - startedAt!))
    : seconds(waiting + running - (now - waitingSince));
}

/** Milliseconds as a `Retry-After`. */
export function seconds(ms: number): number {
  return Math.min(Math.max(Math.ceil(ms / 1_000), SHORTEST), LONGEST);
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
