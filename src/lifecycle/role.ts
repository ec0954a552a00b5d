/** What a process is there for: everything, or only to run jobs. */
export type Role = 'all' | 'worker';

/** The environment's variable that says so; `serve()` sets it for the processes it starts, too. */
export const ROLE_VARIABLE = 'SERVE_ROLE';

export const SERVES_NO_CALLS = 'This process runs jobs only: it serves no endpoints';

/** Whether this process only runs jobs. */
export function isWorkerProcess(): boolean {
  return process.env[ROLE_VARIABLE] === 'worker';
}
