import { ConsoleLogger, type INestApplication } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { EndpointRegistry } from '../endpoint/endpoint-registry.js';

/** What an app serves, and where. */
export interface Service {
  /** The address, as a URL. */
  readonly url: string;
  /** Where its documentation page is, as a URL. */
  readonly docs: string | undefined;
  readonly endpoints: readonly ServedEndpoint[];
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
  return { url, docs: docsPath && url + docsPath, endpoints: endpointsOf(app) };
}

/**
 * Says in one line where the service listens, and in one for each endpoint what it runs. Whoever starts
 * it wants to know, whatever the log level is.
 */
export function announce({ url, docs, endpoints }: Service, json: boolean): void {
  const say = json ? sayInJson : sayInText;
  say(`Serving on ${url}${docs === undefined ? '' : `, docs at ${docs}`}`, { url, docs });
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
