import { credentials, ServerCredentials } from '@grpc/grpc-js';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createServer, type AddressInfo } from 'node:net';
import {
  ConfigurationError,
  ModelEndpoint,
  ModelServingModule,
  protobufSchema,
} from 'nestjs-model-serving';
import { GrpcModule, type GrpcModuleOptions } from 'nestjs-model-serving/grpc';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createApp, type AppUnderTest } from '../serving-app.js';

const proto = `
  syntax = "proto3"; package acme;
  message Request { string text = 1; } message Response { int32 n = 1; }
  service Model {
    rpc Run(Request) returns (Response);
    rpc Tell(Request) returns (stream Response);
    rpc Hear(stream Request) returns (Response);
  }`;
const files = { file: 'a.proto', files: { 'a.proto': proto } };
const rpc = (name: string) => protobufSchema(files, { rpc: `Model.${name}` });

async function boot(parts: AppUnderTest, options: unknown = {}): Promise<string> {
  const imports = [GrpcModule.forRoot(options as GrpcModuleOptions)];
  try {
    const app = await createApp('express', { ...parts, imports });
    onTestFinished(() => app.close());
    await app.listen(0, '127.0.0.1');
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  return 'it boots';
}

const tls = ServerCredentials.createSsl(null, []);

describe('What does not fit stops the app', () => {
  it.each<[unknown, string]>([
    [{ port: 70_000 }, 'expected port to be a whole number from 0 to 65535, got 70000'],
    [{ port: '50051' }, "expected port to be a whole number from 0 to 65535, got '50051'"],
    [{ host: '' }, "expected host to be an address, got ''"],
    [{ reflection: 'yes' }, "expected reflection to be a boolean, got 'yes'"],
    [{ health: null }, 'expected health to be a boolean, got null'],
    [{ credentials: tls }, "expected a port beside credentials, got none: on the app's own port they are the app's"],
    [{ host: 'localhost' }, "expected a port beside host, got none: on the app's own port they are the app's"],
    [{ port: 0, credentials: credentials.createInsecure() }, "expected credentials to be ServerCredentials of the app's @grpc/grpc-js, got"],
    [{ ports: 1 }, 'got the unknown option "ports"'],
    [{ channelOptions: [] }, 'expected channelOptions to be an object, got []'],
    [{ channelOptions: { 'grpc.max_receive_message_length': 1 } }, 'expected bodyLimit of the endpoints to say how large a message may be'],
    [[], 'expected its options to be an object, got []'],
  ])('%o', async (options, message) => {
    const said = await boot({}, options);
    expect(said).toMatch(/^GrpcModule: /);
    expect(said).toContain(message);
  }); // prettier-ignore

  it('credentials without a certificate, or with one that is none', async () => {
    const expected = 'GrpcModule: expected credentials of a key and its certificate, got';
    expect(await boot({}, { port: 0, credentials: tls })).toBe(`${expected} none`);
    const noPem = Buffer.from('no PEM');
    const pair = { private_key: noPem, cert_chain: noPem };
    const broken = { port: 0, credentials: ServerCredentials.createSsl(null, [pair]) };
    expect(await boot({}, broken)).toContain(`${expected} what TLS refuses: error:`);
  });

  it('two endpoints that are one method', async () => {
    @ModelEndpoint('/a', rpc('Run'))
    class First {
      predict() {
        return {};
      }
    }
    @ModelEndpoint('/b', rpc('Run'))
    class Second extends First {}
    expect(await boot({ controllers: [First, Second] })).toBe(
      'Second: expected a method of its own, got rpc acme.Model.Run, which First is already',
    );
  });

  it('a stream of a method that returns one message, and the other way round', async () => {
    @ModelEndpoint('/a', rpc('Run'), { stream: true })
    class Streams {
      *predict() {}
    }
    expect(await boot({ controllers: [Streams] })).toBe(
      'Streams: expected rpc acme.Model.Run to return a stream, as the endpoint has stream: true, got one that returns a single message (a.proto:5)',
    );
    @ModelEndpoint('/a', rpc('Tell'))
    class Answers {
      predict() {
        return {};
      }
    }
    expect(await boot({ controllers: [Answers] })).toBe(
      'Answers: expected stream: true beside rpc Tell, whose response is a stream (a.proto:6), got none',
    );
  });

  it('a method that takes a stream', async () => {
    @ModelEndpoint('/a', rpc('Hear'))
    class Hears {
      predict() {
        return {};
      }
    }
    expect(await boot({ controllers: [Hears] })).toMatch(
      /^Hears: schema option rpc expected a method that takes one message, got "Model.Hear", whose request is a stream/,
    );
  });

  it('a module without the one that it serves', async () => {
    @Module({ imports: [GrpcModule.forRoot()] })
    class AppModule {}
    const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
    onTestFinished(() => app.close());
    await expect(app.listen(0)).rejects.toThrow(
      'GrpcModule: expected ModelServingModule among the imports of the app, got none',
    );
  });

  it('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const app = await createApp('express', {
      imports: [GrpcModule.forRoot({ port, host: '127.0.0.1' })],
    });
    onTestFinished(() => app.close());
    await expect(app.listen(0)).rejects.toThrow(/EADDRINUSE/);
  });
});

it('is set up by a factory as well', async () => {
  const imports = [GrpcModule.forRootAsync({ useFactory: () => ({ port: 0, host: '127.0.0.1' }) })];
  const app = await createApp('express', { imports });
  onTestFinished(() => app.close());
  await app.listen(0, '127.0.0.1');
  expect(app.get(GrpcModule).port).toBeGreaterThan(0);
});

it.each([{}, { port: 0 }])('serves nothing in an app without HTTP, %o', async (options) => {
  @Module({ imports: [ModelServingModule.forRoot(), GrpcModule.forRoot(options)] })
  class AppModule {}
  const app = await NestFactory.createApplicationContext(AppModule, {
    logger: false,
    abortOnError: false,
  });
  expect(app.get(GrpcModule).port).toBeUndefined();
  await app.close();
});
