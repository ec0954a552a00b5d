import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { serve } from 'nestjs-model-serving';
import { OnnxModel } from 'nestjs-model-serving/onnx';
import { ThreadedModel } from 'nestjs-model-serving/threads';
import { AppModule } from './app.module.js';

async function listen() {
  const fastify = process.env['HTTP_ADAPTER'] === 'fastify';
  const adapter = fastify ? new FastifyAdapter() : new ExpressAdapter();
  const app = await NestFactory.create(AppModule, adapter, { logger: ['warn', 'error'] });
  // Some signals are none of Deno's.
  app.enableShutdownHooks(['SIGTERM']);
  await app.listen(0, '127.0.0.1');
  return app;
}

async function main(): Promise<void> {
  for (const runtime of [OnnxModel, ThreadedModel]) {
    if (typeof runtime !== 'function') throw new Error('A runtime is missing');
  }
  const app =
    process.argv[2] === 'listen' ? await listen() : await serve(AppModule, { host: '127.0.0.1' });
  console.log(`at ${await app?.getUrl()}`);
}

void main();
