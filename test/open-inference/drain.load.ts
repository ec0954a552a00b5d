import { Agent, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { status, type ServiceError } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { TEXT } from '../../src/open-inference/grpc/inference-proto.js';
import { GrpcClient } from '../grpc/grpc-client.js';
import { failure, Load, type Caller, type Outcome } from '../grpc/load.js';
import { FixtureProcess } from '../serve/fixture-process.js';
import { ADAPTERS } from '../serving-app.js';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const ROWS = [1, 2, 3];
const SHAPE = { name: 'ms', datatype: 'INT32', shape: [ROWS.length] };
const BODY = JSON.stringify({ inputs: [{ ...SHAPE, data: ROWS }] });
const MESSAGE = { modelName: 'Run', inputs: [{ ...SHAPE, contents: { intContents: ROWS } }] };

/** By HTTP, on a connection that is kept. */
function byHttp(address: string): Caller {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const url = `http://${address}/v2/models/Run/infer`;
  return () =>
    new Promise<Outcome>((resolve) => {
      const failed = (error: NodeJS.ErrnoException) =>
        resolve(error.code === 'ECONNREFUSED' ? 'refused' : { failed: String(error) });
      const sent = request(url, { agent, method: 'POST' }, (response) => {
        json(response).then((told: any) => {
          if (response.statusCode === 200) resolve({ pid: told.outputs[0].data[2] });
          else resolve({ failed: `${response.statusCode} ${told.error}` });
        }, failed);
      });
      sent.on('error', failed).end(BODY);
    });
}

const clientOf = (address: string) =>
  new GrpcClient(TEXT, 'inference.GRPCInferenceService', address);
const pidOf = (answer: any) => ({ pid: answer.outputs[0].contents.intContents[2] as number });

function byGrpc(address: string): Caller {
  const client = clientOf(address);
  return async function infer() {
    const told = await client.call('ModelInfer', MESSAGE);
    return told.code === status.OK ? pidOf(told.answer) : failure(told);
  };
}

/** By a stream, which sends again on a new one what the server has not answered. */
function byStream(address: string): Caller {
  const client = clientOf(address);
  let stream: any;
  let waiting: ((outcome: Outcome) => void) | undefined;

  function settle(outcome: Outcome): void {
    waiting?.(outcome);
    waiting = undefined;
  }
  function open() {
    const opened = client.raw['ModelStreamInfer']!();
    opened.on('data', ({ errorMessage, inferResponse }: any) =>
      settle(errorMessage ? { failed: errorMessage } : pidOf(inferResponse)),
    );
    opened.on('error', ({ code, details }: ServiceError) => {
      stream = undefined;
      if (details !== 'The server is shutting down') settle(failure({ code, message: details }));
      else if (waiting !== undefined) send();
    });
    return opened;
  }
  function send(): void {
    stream ??= open();
    stream.write(MESSAGE);
  }
  return function infer() {
    return new Promise((resolve) => {
      waiting = resolve;
      send();
    });
  };
}

const DOORS = [byHttp, byGrpc, byStream];
const CLIENTS = 12;
const clientsOf = (address: string) =>
  DOORS.flatMap((connect) => Array.from({ length: CLIENTS }, () => connect(address)));

const start = (adapter: string, workers: string) =>
  new FixtureProcess('../../grpc/fixtures/serving', {
    HTTP_ADAPTER: adapter,
    WORKERS: workers,
    LOG_LEVEL: 'log',
  });

describe('Clients of Open Inference by HTTP, gRPC and streams', () => {
  it.each(ADAPTERS)('lose nothing by SIGTERM on %s', async (adapter) => {
    const server = start(adapter, '1');
    const load = new Load(clientsOf(`127.0.0.1:${await server.port()}`), Infinity);
    await load.busy();
    server.kill('SIGTERM');
    const { failed, refused } = await load.end();
    expect(failed).toEqual([]);
    expect(refused).toBe(DOORS.length * CLIENTS);
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(server.output).not.toMatch(/ERROR|unhandled|cutting/);
  });

  it('lose nothing while all workers are replaced', async () => {
    const server = start('express', '2');
    await server.printed(/all ready/);
    const load = new Load(clientsOf(`127.0.0.1:${await server.port()}`), 3_000);
    await load.busy();
    server.kill('SIGHUP');
    await server.printed(/All workers have been replaced/);
    const { failed, pids } = await load.end();
    expect(failed).toEqual([]);
    expect(pids.size).toBeGreaterThan(2);
    expect(server.output).not.toMatch(/ERROR|unhandled/);
  });
});
