import type { INestApplication } from '@nestjs/common';
import { JobsModule, type JobsModuleOptions } from 'nestjs-model-serving/jobs';
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { startApp, type Adapter, type Answer, type AppUnderTest } from '../serving-app.js';

export interface JobApp {
  readonly app: INestApplication;
  readonly url: string;
  close(): Promise<void>;
  request(method: string, path: string, body?: unknown, headers?: Headers): Promise<Answer>;
  /** Sends a call that is to become a job. */
  submit(path: string, body: unknown, headers?: Headers): Promise<Answer>;
  /** The status of a job, as soon as it satisfies. */
  until(location: string, isRight: (job: any) => boolean, headers?: Headers): Promise<any>;
  /** The status of a job that has ended. */
  ended(location: string, headers?: Headers): Promise<any>;
}

type Headers = Record<string, string>;

/** Options of a module whose jobs no other test sees. */
export function apart(connection: JobsModuleOptions['connection']): JobsModuleOptions {
  return { connection, namespace: randomUUID(), backoff: 5 };
}

export async function startJobs(
  adapter: Adapter,
  parts: AppUnderTest,
  options: JobsModuleOptions,
): Promise<JobApp> {
  const imports = [...(parts.imports ?? []), JobsModule.forRoot(options)];
  const { app, url, close } = await startApp(adapter, { ...parts, imports });

  async function request(method: string, path: string, body?: unknown, headers: Headers = {}) {
    const raw = typeof body === 'string' || body instanceof Uint8Array || body instanceof FormData;
    const response = await fetch(new URL(path, url), {
      method,
      headers: { connection: 'close', ...headers },
      body: body === undefined ? undefined : raw ? (body as string) : JSON.stringify(body),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const json = response.headers.get('content-type')?.startsWith('application/json');
    return {
      status: response.status,
      headers: response.headers,
      body: json ? JSON.parse(String(bytes)) : bytes,
    };
  }

  async function until(location: string, isRight: (job: any) => boolean, headers: Headers = {}) {
    let job: any;
    await expect
      .poll(async () => {
        const answer = await request('GET', location, undefined, headers);
        expect(answer.status).toBe(200);
        job = answer.body;
        return isRight(job);
      })
      .toBe(true);
    return job;
  }

  return {
    app,
    url,
    close,
    request,
    submit: (path, body, headers) =>
      request('POST', path, body, { prefer: 'respond-async', ...headers }),
    until,
    ended: (location, headers) => until(location, ({ done }) => done, headers),
  };
}

/** Where a job is, as the answer to its submission says. */
export function locationOf(answer: Answer): string {
  expect(answer.status).toBe(202);
  return answer.headers.get('location')!;
}
