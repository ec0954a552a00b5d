// node bench/tracing.mjs [folder of another build's dist/src]: what traces cost a call, from its door to its
// end, metrics aside. Needs `npm run compile`; a build from before there were traces says what their absence costs.
import 'reflect-metadata';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { alternate } from './harness/alternate.mjs';
import { median } from './harness/statistics.mjs';

/** A call is shorter than a look at the clock. */
const CALLS = 256;
const SERIES = 5;
const OURS = resolve(import.meta.dirname, '../dist/src');

/** Starts an app of a build; what it gives calls the endpoint once, and concludes the call. */
async function callerOf(build) {
  const load = (file) => import(pathToFileURL(resolve(build, file)).href);
  const { ModelEndpoint, ModelServingModule } = await load('index.js');
  const { Call } = await load('endpoint/call.js');
  const { EndpointRegistry } = await load('endpoint/endpoint-registry.js');
  const { passFreely } = await load('gate/gate.js');
  const { conclude } = await load('gate/conclusion.js');
  class Doubler {
    predict({ x }) {
      return { x: 2 * x };
    }
  }
  ModelEndpoint('/double')(Doubler);
  class AppModule {}
  Module({ imports: [ModelServingModule.forRoot({ metrics: false })], controllers: [Doubler] })(
    AppModule,
  );
  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
  await app.init();
  const endpoint = app.get(EndpointRegistry).routes.get('/double');
  return function call() {
    const one = new Call(endpoint, 'one', {});
    one.input = { x: 21 };
    passFreely(one);
    conclude(one, 'POST', 200);
  };
}

const [other] = process.argv.slice(2);
const builds = [['without an SDK', OURS], ...(other ? [['before', resolve(other)]] : [])];
const callers = [];
for (const [name, build] of builds) callers.push([name, await callerOf(build)]);
// An app looks for an SDK when it is created.
new NodeTracerProvider().register();
callers.push(['with an SDK that exports nothing', await callerOf(OURS)]);

const rounds = Array.from({ length: SERIES }, () =>
  alternate(
    callers.map(([, call]) => call),
    CALLS,
  ),
).flat();
for (const [i, [name]] of callers.entries()) {
  const more = median(rounds.map((times) => times[i] - times.at(other ? 1 : 0)));
  const figure = (value) => `${value.toFixed(2)} µs`.padStart(9);
  const against = other ? 'before' : 'without an SDK';
  console.log(
    `${figure(median(rounds.map((times) => times[i])))}  ${figure(more)} more than ${against}: ${name}`,
  );
}
