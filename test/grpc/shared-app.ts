import { GrpcModule, type GrpcModuleOptions } from 'nestjs-model-serving/grpc';
import { startApp, type Adapter, type AppUnderTest, type RunningApp } from '../serving-app.js';
import { ADAPTERS } from '../serving-app.js';

const PORTS = ["the app's port", 'a port of its own'] as const;
export type GrpcPort = (typeof PORTS)[number];

/** Every way to reach gRPC: on both adapters, beside HTTP and alone. */
export const GRPC_DOORS = ADAPTERS.flatMap((adapter) =>
  PORTS.map((port) => ({ adapter, port, door: `${port}, on ${adapter}` })),
);

export interface RunningGrpcApp extends RunningApp {
  /** Where gRPC is. */
  readonly address: string;
}

/** Starts an app that serves gRPC. */
export async function startGrpc(
  { adapter, port }: { readonly adapter: Adapter; readonly port: GrpcPort },
  parts: AppUnderTest,
  options: GrpcModuleOptions = {},
): Promise<RunningGrpcApp> {
  const own = port === 'a port of its own' ? { port: 0, host: '127.0.0.1' } : {};
  const imports = [...(parts.imports ?? []), GrpcModule.forRoot({ ...own, ...options })];
  const running = await startApp(adapter, { ...parts, imports });
  const ownPort = running.app.get(GrpcModule).port;
  const address = ownPort === undefined ? new URL(running.url).host : `127.0.0.1:${ownPort}`;
  return { ...running, address };
}
