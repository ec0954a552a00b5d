import type { INestApplication } from '@nestjs/common';
import { callEndpoint, FailedCall } from 'nestjs-model-serving/testing';
import { onTestFinished } from 'vitest';
import { ADAPTERS, createApp, startApp, type AppUnderTest } from '../serving-app.js';
import { openGrpcDoor } from './grpc-door.js';

/** What a client is told, whichever door it knocked at. */
export interface Told {
  status: number;
  body: any;
}

export interface OpenDoor {
  app: INestApplication;
  call(path: string, body: unknown, headers?: Record<string, string>): Promise<Told>;
}

export interface DoorUnderTest {
  readonly door: string;
  open(parts: AppUnderTest): Promise<OpenDoor>;
}

/** Every door that takes a call of JSON through what the app binds. */
export const JSON_DOORS: DoorUnderTest[] = [
  ...ADAPTERS.map((adapter) => ({
    door: `HTTP on ${adapter}`,
    async open(parts: AppUnderTest): Promise<OpenDoor> {
      const { app, post } = await startApp(adapter, parts);
      return { app, call: post };
    },
  })),
  ...ADAPTERS.map((adapter) => ({
    door: `callEndpoint, with ${adapter} idle`,
    async open(parts: AppUnderTest): Promise<OpenDoor> {
      const app = await createApp(adapter, parts);
      onTestFinished(() => app.close());
      parts.setUp?.(app);
      await app.init();
      return {
        app,
        async call(path: string, body: unknown, headers = {}): Promise<Told> {
          try {
            return { status: 200, body: await callEndpoint(app, path, body, { headers }) };
          } catch (error) {
            if (!(error instanceof FailedCall)) throw error;
            const { status, message, code, details } = error;
            return { status, body: error.body ?? { error: message, code, details } };
          }
        },
      };
    },
  })),
];

/** Every door there is: each behaviour holds at each of them. */
export const DOORS: DoorUnderTest[] = [
  ...JSON_DOORS,
  ...ADAPTERS.map((adapter) => ({
    door: `gRPC, with ${adapter}`,
    open: (parts: AppUnderTest) => openGrpcDoor(adapter, parts),
  })),
];
