import { ConsoleLogger, type INestApplication } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { AddressInfo } from 'node:net';
import { EndpointRegistry } from '../endpoint/endpoint-registry.js';
import { Drain } from '../lifecycle/drain.js';

/** What an app serves, and where. */
export interface Service {
  /** The address, as a URL. */
  readonly url: string;
  /** Where its documentation page is, as a URL. */
  readonly docs: string | undefined;
  /** What is served beside HTTP. */
  readonly others: readonly OtherProtocol[];
  readonly endpoints: readonly ServedEndpoint[];
}

interface OtherProtocol {
  readonly protocol: string;
  /** Host and port. */
  readonly address: string;
  /** Whether it shares HTTP's port. */
  readonly isShared: boolean;
}

interface ServedEndpoint {
  readonly route: string;
  readonly model: string;
  readonly version: string | undefined;
}

const CONTEXT = 'Serve';

/** What a listening app serves. */
export async function serviceOf(app: INestApplication, docsPath?: string): Promise<Service> {
  const url = await app.getUrl();
  return {
    url,
    docs: docsPath && url + docsPath,
    others: Drain.for(app.getHttpAdapter() as never).added.flatMap(({ protocol, address }) =>
      protocol === undefined
        ? []
        : {
            protocol,
            address: address === undefined ? new URL(url).host : hostAndPort(address),
            isShared: address === undefined,
          },
    ),
    endpoints: endpointsOf(app),
  };
}

/** As a client of this machine reaches it, in the form that Nest gives an app's URL. */
function hostAndPort({ address, family, port }: AddressInfo): string {
  if (family === 'IPv6') return `[${address === '::' ? '::1' : address}]:${port}`;
  return `${address === '0.0.0.0' ? '127.0.0.1' : address}:${port}`;
}

/**
 * Says in a line each where the service listens, and for each endpoint what it runs. Whoever starts it
 * wants to know, whatever the log level is.
 */
export function announce({ url, docs, others, endpoints }: Service, json: boolean): void {
  const say = json ? sayInJson : sayInText;
  say(`Serving on ${url}${docs === undefined ? '' : `, docs at ${docs}`}`, { url, docs });
  for (const { protocol, address, isShared } of others) {
    say(`Serving ${protocol} on ${isShared ? 'the same port' : address}`, { protocol, address });
  }
  for (const endpoint of endpoints) {
    const { route, model, version } = endpoint;
    say(`POST ${route} runs ${model}${version === undefined ? '' : ` ${version}`}`, endpoint);
  }
}

function sayInText(message: string): void {
  new ConsoleLogger(CONTEXT, { logLevels: ['log'] }).log(message);
}

/** A line like those of Nest's logger, which on Nest 11 has no place for fields. */
function sayInJson(message: string, fields: object): void {
  const { pid } = process;
  const line = { level: 'log', pid, timestamp: Date.now(), message, context: CONTEXT, ...fields };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** The endpoints of an app whose routes are made. */
export function endpointsOf(app: INestApplication): ServedEndpoint[] {
  // app.get() would log an error where the app is without ModelServingModule.
  const registries = [...app.get(ModulesContainer).values()].flatMap(
    ({ providers }) => providers.get(EndpointRegistry)?.instance ?? [],
  ) as EndpointRegistry[];
  return registries.flatMap(({ endpoints }) =>
    endpoints.map(({ route, options: { name, version } }) => ({ route, model: name, version })),
  );
}
