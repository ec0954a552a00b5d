import { Module, type INestApplication, type Provider, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ModelServingModule, type ModelServingOptions } from 'nestjs-model-serving';
import { onTestFinished } from 'vitest';

export const ADAPTERS = ['express', 'fastify'] as const;
export type Adapter = (typeof ADAPTERS)[number];
/** Both adapters by the direct lane, which plain apps take, and by the route that Nest makes. */
export const WAYS = [...ADAPTERS, 'express by route', 'fastify by route'] as const;
export type Way = (typeof WAYS)[number];

export interface AppUnderTest {
  controllers?: Type[];
  providers?: Provider[];
  imports?: (Type | ReturnType<typeof ModelServingModule.forRoot>)[];
  options?: ModelServingOptions;
  /** What `main.ts` would do between `create` and `listen`. */
  setUp?(app: INestApplication): void;
}

export interface Answer {
  status: number;
  headers: Headers;
  /** The body, parsed where it is JSON. */
  body: any;
}

export interface RunningApp {
  app: INestApplication;
  url: string;
  /** Sends a string or bytes as they are, anything else as JSON. */
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  get(path: string): Promise<Answer>;
  close(): Promise<void>;
}

/** Creates the app on an adapter, by name or as it is, without starting it. */
export function createApp(
  way: Way | FastifyAdapter,
  parts: AppUnderTest,
): Promise<INestApplication> {
  const [adapter, route] = typeof way === 'string' ? way.split(' by ') : [way];
  const { options = {} } = parts;
  const routed = { ...options, defaults: { ...options.defaults, direct: false } };
  @Module({
    imports: [
      ModelServingModule.forRoot(route === undefined ? options : routed),
      ...(parts.imports ?? []),
    ],
    controllers: parts.controllers ?? [],
    providers: parts.providers ?? [],
  })
  class TestModule {}

  const silent = { logger: false, abortOnError: false } as const;
  if (adapter === 'express') return NestFactory.create(TestModule, silent);
  const fastify = way instanceof FastifyAdapter ? way : new FastifyAdapter();
  return NestFactory.create(TestModule, fastify, silent);
}

/** Starts an app on a port of its own; it is closed when the test is over, or before. */
export async function startApp(
  way: Way | FastifyAdapter,
  parts: AppUnderTest,
): Promise<RunningApp> {
  const app = await createApp(way, parts);
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= app.close());
  onTestFinished(close);
  parts.setUp?.(app);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();

  async function request(path: string, init: RequestInit): Promise<Answer> {
    // A connection that stays open would keep the app from closing for as long as a drain is patient.
    const headers = { connection: 'close', ...init.headers };
    const response = await fetch(url + path, { ...init, headers });
    const text = await response.text();
    const json = response.headers.get('content-type')?.startsWith('application/json');
    return {
      status: response.status,
      headers: response.headers,
      body: json ? JSON.parse(text) : text,
    };
  }

  return {
    app,
    url,
    close,
    get: (path) => request(path, {}),
    post: (path, body, headers = {}) => {
      const raw = typeof body === 'string' || body instanceof Uint8Array || body === undefined;
      const content = raw
        ? (body as string | Uint8Array<ArrayBuffer> | undefined)
        : JSON.stringify(body);
      return request(path, { method: 'POST', body: content, headers });
    },
  };
}
