import {
  Body,
  Controller,
  ForbiddenException,
  HttpCode,
  Post,
  UseGuards,
  Version,
  VERSION_NEUTRAL,
  VersioningType,
  type CanActivate,
  type ExecutionContext,
  type Type,
  type VersioningOptions,
} from '@nestjs/common';
import fc from 'fast-check';
import type { IncomingMessage } from 'node:http';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { askHost } from './ask-host.js';
import { ADAPTERS, createApp, type Adapter } from '../serving-app.js';

/** One route of a generated app, a model endpoint or one of the host's own. */
interface Route {
  readonly id: number;
  readonly path: string;
  readonly ofModel: boolean;
  readonly host: string | undefined;
  readonly version: VersioningOptions['defaultVersion'];
  readonly versionOnMethod: boolean;
  readonly guarded: boolean;
}

interface Question {
  readonly path: string;
  readonly host: string;
  readonly version: string | undefined;
  readonly deny: boolean;
  readonly field: number;
  readonly size: number;
}

const PATHS: Record<Adapter, string[]> = {
  express: [
    '/run/:model',
    '/run/demo',
    '/run{/:model}',
    '/run/*rest',
    '/Run/demo',
    '/:a/:b',
    '/run',
  ],
  fastify: ['/run/:model', '/run/demo', '/run/*', '/Run/demo', '/:a/:b', '/run', '/run/:model/x'],
};
const ASKED = [
  '/run/demo',
  '/run/demo/',
  '/run/other',
  '/run/OTHER?x=/run/demo',
  '/run/de%6Do',
  '/run/a%2Fb',
  '/run/%zz',
  '/run/a/b',
  '/run//x',
  '/run/a/x',
  '/RUN/demo',
  '/Run/demo',
  '/run',
  '/run/',
  '/x/demo',
];
const VERSIONINGS: (VersioningOptions | undefined)[] = [
  undefined,
  { type: VersioningType.URI },
  { type: VersioningType.HEADER, header: 'X-Version' },
  { type: VersioningType.HEADER, header: 'X-Version', defaultVersion: '2' },
  { type: VersioningType.MEDIA_TYPE, key: 'v=' },
  {
    type: VersioningType.CUSTOM,
    extractor: (asked) => String((asked as IncomingMessage).headers['x-version'] ?? '0'),
  },
];

const limitOf = (id: number) => 100 + 20 * id;
const timeoutOf = (id: number) => 100_000 * (id + 1);

/** The class of a route; without the library, what Nest would make of it. */
function controllerOf(route: Route, served: boolean): Type {
  const { id, path, host, version, versionOnMethod, guarded } = route;
  class Guard implements CanActivate {
    canActivate(context: ExecutionContext) {
      if (context.switchToHttp().getRequest().headers['x-deny'] === undefined) return true;
      throw new ForbiddenException(`guard ${id}`);
    }
  }
  class Model {
    run(_: object, context?: PredictContext) {
      const left = context && Math.round((context.deadline - Date.now()) / 100_000) - 1;
      return { id, left };
    }
  }
  Object.defineProperty(Model, 'name', { value: `Model${id}` });
  const descriptor = () => Object.getOwnPropertyDescriptor(Model.prototype, 'run')!;
  if (served && route.ofModel) {
    const fields = { [`f${id}`]: { type: 'string', id: 1 } };
    const root = protobuf.Root.fromJSON({ nested: { Request: { fields } } });
    const schema = { request: root.lookupType('Request') };
    const options = { bodyLimit: limitOf(id), timeout: timeoutOf(id) };
    ModelEndpoint(path, schema, options)(Model.prototype, 'run', descriptor() as never);
  } else {
    Post(path)(Model.prototype, 'run', descriptor());
    HttpCode(200)(Model.prototype, 'run', descriptor());
    Body()(Model.prototype, 'run', 0);
  }
  if (guarded) UseGuards(Guard)(Model.prototype, 'run', descriptor());
  if (version !== undefined && versionOnMethod) {
    Version(version)(Model.prototype, 'run', descriptor());
  }
  Controller({ path: '', host, version: versionOnMethod ? undefined : version })(Model);
  return Model;
}

async function listen(
  adapter: Adapter,
  routes: readonly Route[],
  served: boolean,
  versioning: VersioningOptions | undefined,
) {
  const controllers = routes.map((route) => controllerOf(route, served));
  const app = await createApp(adapter, { controllers });
  if (versioning) app.enableVersioning(versioning);
  await app.listen(0, '127.0.0.1');
  return { app, port: Number(new URL(await app.getUrl()).port) };
}

function ask(port: number, question: Question) {
  const { path, host, version, deny, field, size } = question;
  const empty = JSON.stringify({ [`f${field}`]: '' });
  const body = empty.replace('""', `"${'x'.repeat(size - empty.length)}"`);
  return askHost(port, host, path, body, {
    'content-type': 'application/json',
    ...(version === undefined ? {} : { 'x-version': version, accept: `a/b;v=${version}` }),
    ...(deny ? { 'x-deny': '1' } : {}),
  });
}

const routesOf = (adapter: Adapter) =>
  fc
    .array(
      fc.record({
        path: fc.constantFrom(...PATHS[adapter]),
        ofModel: fc.boolean(),
        host: fc.constantFrom(undefined, undefined, 'a.test', ':tenant.b.test'),
        version: fc.constantFrom<VersioningOptions['defaultVersion'][]>(
          undefined,
          '1',
          ['1', '2'],
          '2',
          VERSION_NEUTRAL,
          ['2', VERSION_NEUTRAL],
        ),
        versionOnMethod: fc.boolean(),
        guarded: fc.boolean(),
      }),
      { minLength: 2, maxLength: 6 },
    )
    .map((routes) => routes.map((route, id): Route => ({ id, ...route })));

const question: fc.Arbitrary<Question> = fc.record({
  path: fc
    .tuple(fc.constantFrom('', '', '/v1', '/v2'), fc.constantFrom(...ASKED))
    .map(([version, path]) => version + path),
  host: fc.constantFrom('a.test', 'x.b.test', 'other.test'),
  version: fc.constantFrom(undefined, '1', '2', '3'),
  deny: fc.boolean(),
  field: fc.nat(5),
  size: fc.nat(5).map((id) => limitOf(id)),
});

/** What a model's route, or the host's, has to answer where Nest alone has chosen it. */
function expectedOf({ id, ofModel, guarded }: Route, { deny, field, size }: Question) {
  const guard = { status: 403, body: { [ofModel ? 'error' : 'message']: `guard ${id}` } };
  if (!ofModel) return deny && guarded ? guard : { status: 200, body: { id } };
  if (size > limitOf(id)) return { status: 413 };
  if (deny && guarded) return guard;
  return field === id ? { status: 200, body: { id, left: id } } : { status: 400 };
}

describe.each(ADAPTERS)('generated apps on %s', (adapter) => {
  it('serve a request at the endpoint whose route Nest matches, under its limit, schema, guard and timeout', async () => {
    const sample = fc.record({
      routes: routesOf(adapter),
      versioning: fc.constantFrom(...VERSIONINGS),
      questions: fc.array(question, { minLength: 20, maxLength: 20 }),
    });
    const check = fc.asyncProperty(sample, async ({ routes, versioning, questions }) => {
      const apps: Awaited<ReturnType<typeof listen>>[] = [];
      try {
        apps.push(await listen(adapter, routes, false, versioning));
      } catch {
        return fc.pre(false); // Fastify refuses two routes on one path
      }
      try {
        apps.push(await listen(adapter, routes, true, versioning));
      } catch (error) {
        expect(String(error)).toContain('expected a route of its own');
        return;
      }
      try {
        for (const asked of questions) {
          const nest = await ask(apps[0]!.port, { ...asked, deny: false, size: 20 });
          const answer = await ask(apps[1]!.port, asked);
          const route = routes.find(({ id }) => id === nest.body['id']);
          const expected = route ? expectedOf(route, asked) : { status: nest.status };
          expect(answer, JSON.stringify(asked)).toMatchObject(expected);
        }
      } finally {
        await Promise.all(apps.map(({ app }) => app.close()));
      }
    });
    await fc.assert(check, { numRuns: 15, endOnFailure: true });
  }, 60_000);
});
