import type { INestApplication, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { onTestFinished } from 'vitest';
import type { Adapter } from '../serving-app.js';

export { ADAPTERS, type Adapter } from '../serving-app.js';

export interface Answer {
  status: number;
  cache: string | null;
  body: any;
}

export interface ExampleApp {
  readonly url: string;
  post(path: string, body: unknown): Promise<Answer>;
  close(): Promise<void>;
}

export function createExample(module: Type, adapter: Adapter): Promise<INestApplication> {
  const options = { logger: false, abortOnError: false } as const;
  return adapter === 'fastify'
    ? NestFactory.create(module, new FastifyAdapter(), options)
    : NestFactory.create(module, options);
}

/** Starts an example on a port of its own; it is closed when the test is over, or before. */
export async function startExample(module: Type, adapter: Adapter): Promise<ExampleApp> {
  const app = await createExample(module, adapter);
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= app.close());
  onTestFinished(close);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    url,
    close,
    async post(path, body) {
      const response = await fetch(url + path, {
        method: 'POST',
        body: JSON.stringify(body),
        // A drain gives idle connections a second before it closes them.
        headers: { connection: 'close' },
      });
      return {
        status: response.status,
        cache: response.headers.get('x-cache'),
        body: await response.json(),
      };
    },
  };
}
