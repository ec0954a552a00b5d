import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const BUILT = `${ROOT}node_modules/.cache/serve-fixtures/src/`;

/** Rooms of `src/` that an app loads by their own subpaths or not at all. */
const ROOMS = [
  'bench',
  'cli',
  'client',
  'grpc',
  'jobs',
  'open-inference',
  'openapi',
  'runtimes',
  'testing',
  'tracing/opentelemetry',
  'types',
];
/** Packages that are needed by those rooms only, or by apps that have chosen them. */
const PACKAGES = [
  '@grpc/grpc-js',
  '@nestjs/platform-fastify',
  '@nestjs/swagger',
  'bullmq',
  'fastify',
  'ioredis',
  'onnxruntime-node',
  'piscina',
  'tinyglobby',
];

/** Serves an endpoint on Express, calls it, and prints what has been loaded by then. */
const PROGRAM = `
  const { Session } = require('node:inspector');
  const loaded = [];
  const session = new Session();
  session.connect();
  session.on('Debugger.scriptParsed', ({ params }) => loaded.push(params.url));
  session.post('Debugger.enable');

  async function main(load) {
    await load('reflect-metadata');
    const { Module } = await load('@nestjs/common');
    const { NestFactory } = await load('@nestjs/core');
    const serving = await load('${BUILT}index.js');
    const text = 'syntax = "proto3"; message Request { int32 x = 1; } message Response { int32 x = 1; }';
    const schema = serving.protobufSchema({ file: 'a.proto', files: { 'a.proto': text } });
    class Doubler { predict({ x }) { return { x: 2 * x }; } }
    serving.ModelEndpoint('/double', schema)(Doubler);
    class AppModule {}
    Module({ imports: [serving.ModelServingModule.forRoot()], controllers: [Doubler] })(AppModule);
    const app = await NestFactory.create(AppModule, { logger: false });
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    const response = await fetch(url + '/double', { method: 'POST', body: '{"x": 21}' });
    const { x } = await response.json();
    await fetch(url + '/__metrics');
    await app.close();
    console.log(JSON.stringify({ x, loaded }));
  }
`;

const FORMS = {
  'ES modules': 'main((name) => import(name));',
  CommonJS: 'main(async (name) => require(name));',
};

test.each(Object.entries(FORMS))(
  'an app of %s loads nothing that is optional',
  async (_, start) => {
    const args = ['--no-warnings', '-e', PROGRAM + start];
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: ROOT,
      maxBuffer: 2 ** 24,
    });
    const { x, loaded } = JSON.parse(stdout) as { x: number; loaded: string[] };
    expect(x).toBe(42);
    const isLoaded = (part: string) => loaded.some((url) => url.includes(part));
    const roomOf = (room: string) => `${BUILT}${room}/`;
    const packageOf = (name: string) => `/node_modules/${name}/`;

    expect(['schema', 'http', 'routing'].map(roomOf).filter((room) => !isLoaded(room))).toEqual([]);
    expect(isLoaded(packageOf('express'))).toBe(true);
    expect(ROOMS.filter((room) => isLoaded(roomOf(room)))).toEqual([]);
    expect(PACKAGES.filter((name) => isLoaded(packageOf(name)))).toEqual([]);
  },
);
