import { Client, credentials } from '@grpc/grpc-js';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { serve } from 'nestjs-model-serving';
import { createClient, ServingClientError, type EndpointTypes } from 'nestjs-model-serving/client';
import { GrpcModule } from 'nestjs-model-serving/grpc';
import { OnnxModel } from 'nestjs-model-serving/onnx';
import { callEndpoint, FailedCall } from 'nestjs-model-serving/testing';
import { ThreadedModel } from 'nestjs-model-serving/threads';
import { AppModule, Doubler } from './app.module.js';
import type { greetSchema } from './greeting.proto.js';

type Api = {
  '/greet': typeof greetSchema;
  '/double': EndpointTypes<{ x: number }, { x: number }>;
};

async function listen() {
  const fastify = process.env['HTTP_ADAPTER'] === 'fastify';
  const adapter = fastify ? new FastifyAdapter() : new ExpressAdapter();
  const app = await NestFactory.create(AppModule, adapter, { logger: ['warn', 'error'] });
  describe(app);
  // Some signals are none of Deno's.
  app.enableShutdownHooks(['SIGTERM']);
  await app.listen(0, '127.0.0.1');
  await callGuarded(app);
  return app;
}

/** Before the app is initialised, as most do it. */
function describe(app: INestApplication): void {
  for (const version of ['3.0.0', '3.1.0']) {
    const config = new DocumentBuilder().setOpenAPIVersion(version).build();
    const { paths, components } = SwaggerModule.createDocument(app, config);
    const { requestBody, responses } = paths['/greet']?.post ?? {};
    const body = JSON.stringify(requestBody);
    const isDescribed =
      body.includes('"#/components/schemas/Request-input"') && body.includes('"nobody"');
    if (!isDescribed || !responses?.['429'] || !components?.schemas?.['Response']) {
      throw new Error(`Expected a described endpoint, got ${JSON.stringify(paths)}`);
    }
  }
}

/** Without HTTP, past the guard and not past it. */
async function callGuarded(app: INestApplication): Promise<void> {
  const headers = { 'X-Key': 'Hello, key' };
  const { x } = await callEndpoint<{ x: number }>(app, Doubler, { x: 21 }, { headers });
  const refusal: unknown = await callEndpoint(app, '/double', { x: 21 }).catch((error) => error);
  if (x !== 42 || !(refusal instanceof FailedCall) || refusal.status !== 403) {
    throw new Error(`Expected 42 and a 403, got ${x} and ${String(refusal)}`);
  }
}

/** Over HTTP, as another program would. */
async function callByClient(url: string): Promise<void> {
  const client = createClient<Api>(url, { headers: { 'x-key': 'Hello, key' } });
  const { greeting } = await client.call('/greet', { name: 'Bo' });
  const { x } = await client.call('/double', { x: 21 });
  const refusal: unknown = await client.call('/greet', {}).catch((error: unknown) => error);
  const isRefused = refusal instanceof ServingClientError && refusal.status === 400;
  if (greeting !== 'Hello, Bo' || x !== 42 || !isRefused) {
    throw new Error(`Expected a greeting, 42 and a 400, got ${greeting}, ${x}, ${String(refusal)}`);
  }
}

/** By gRPC, with messages written by hand. */
async function callByGrpc(address: string): Promise<void> {
  const client = new Client(address, credentials.createInsecure());
  const asItIs = (bytes: Buffer) => bytes;
  const call = (method: string, request: string) =>
    new Promise<string>((resolve, reject) => {
      const message = Buffer.from(request);
      client.makeUnaryRequest(method, asItIs, asItIs, message, (error, bytes) =>
        error ? reject(error) : resolve(String(bytes)),
      );
    });
  const answer = await call('/Greetings/Greet', '\n\x02Cy');
  if (answer !== '\n\x09Hello, Cy') throw new Error(`Expected a greeting, got ${answer}`);
  const live = await call('/inference.GRPCInferenceService/ServerLive', '');
  if (live !== '\x08\x01') throw new Error(`Expected a live server, got ${live}`);
  client.close();
}

async function main(): Promise<void> {
  for (const runtime of [OnnxModel, ThreadedModel]) {
    if (typeof runtime !== 'function') throw new Error('A runtime is missing');
  }
  const app =
    process.argv[2] === 'listen' ? await listen() : await serve(AppModule, { host: '127.0.0.1' });
  const url = (await app?.getUrl()) ?? '';
  await callByClient(url);
  const port = app?.get(GrpcModule).port;
  await callByGrpc(port === undefined ? new URL(url).host : `127.0.0.1:${port}`);
  console.log(`at ${url}`);
}

void main();
