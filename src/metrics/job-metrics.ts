import { makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Gauge } from 'prom-client';
import { JOB_SOURCES } from './job-sources.js';
import { made } from './metric-table.js';
import { TallyHistogram } from './tally-histogram.js';

/** Seconds: jobs wait, and are made of work that takes long. */
const JOB_SECONDS = [0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1_800, 3_600];

/** The metrics of jobs, which an app shows that has endpoints with jobs. */
export function createJobMetrics() {
  return {
    jobDuration: TallyHistogram.on({
      name: 'model_serving_job_duration_seconds',
      help: 'Time from the submission of a job to its end, waiting included, by endpoint and state.',
      buckets: JOB_SECONDS,
    }),
    jobs: made<Gauge>(
      makeGaugeProvider({
        name: 'model_serving_jobs',
        help: 'Jobs in the queue that all processes share, by endpoint and state; ended ones while their results are kept.',
        labelNames: ['endpoint', 'state'],
        aggregator: 'max',
        collect() {
          return JOB_SOURCES.write(this, (gauge, endpoint, { counts }) => {
            for (const [state, count] of Object.entries(counts)) {
              gauge.set({ endpoint, state }, count);
            }
          });
        },
      }),
    ),
    oldestWaitingJob: made<Gauge>(
      makeGaugeProvider({
        name: 'model_serving_job_oldest_waiting_seconds',
        help: 'How long the oldest job that waits for a run has been waiting; 0 where none does.',
        labelNames: ['endpoint'],
        aggregator: 'max',
        collect() {
          return JOB_SOURCES.write(this, (gauge, endpoint, { oldestWaiting }) => {
            gauge.set({ endpoint }, oldestWaiting / 1_000);
          });
        },
      }),
    ),
  };
}
