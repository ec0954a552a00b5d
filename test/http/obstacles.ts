import {
  Catch,
  Controller,
  Header,
  HttpCode,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  Version,
  VersioningType,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
  type MiddlewareConsumer,
  type NestInterceptor,
  type NestModule,
  type PipeTransform,
  type Provider,
  type Type,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import type { ExpressAdapter } from '@nestjs/platform-express';
import { Router } from 'express';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Adapter } from '../serving-app.js';

/** What an app under test is made of; obstacles add to it. */
export interface Parts {
  readonly model: Type;
  readonly providers: Provider[];
  readonly imports: Type[];
  readonly fastify: Record<string, unknown>;
  readonly setUp: ((app: INestApplication) => void)[];
  readonly afterBoot: ((app: INestApplication) => void)[];
  /** Leaves a mark, and refuses the request if it asks for that. */
  visit(request: { headers: IncomingMessage['headers'] }): void;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

export type Ask = (headers?: Record<string, string>) => Promise<Answer>;

/** Something of the app's that stands between the server and an endpoint. */
export interface Obstacle {
  readonly adapter?: Adapter;
  /** Whether requests still take the direct lane, since it lets it see them. */
  readonly staysOpen?: boolean;
  /** Whether it comes when the log has been told which way each endpoint takes. */
  readonly isLate?: boolean;
  readonly put: (parts: Parts) => void;
  /** Whether it has its say. By default it leaves a mark, and refuses what asks for it. */
  readonly isHonoured?: (ask: Ask) => Promise<boolean>;
  /** Whether it only looks on. */
  readonly isMeek?: boolean;
  /** Whether others beside it would have no say. */
  readonly isLast?: boolean;
}

const methodOf = (model: Type) =>
  [
    model.prototype,
    'run',
    Object.getOwnPropertyDescriptor(model.prototype, 'run') as TypedPropertyDescriptor<never>,
  ] as const;

function guard({ visit }: Parts): Type<CanActivate> & CanActivate {
  return class implements CanActivate {
    static canActivate = (context: ExecutionContext) => allow(context);
    canActivate = (context: ExecutionContext) => allow(context);
  } as never;
  function allow(context: ExecutionContext) {
    visit(context.switchToHttp().getRequest());
    return true;
  }
}

function interceptor({ visit }: Parts): Type<NestInterceptor> {
  return class implements NestInterceptor {
    intercept(context: ExecutionContext, next: CallHandler) {
      visit(context.switchToHttp().getRequest());
      return next.handle();
    }
  };
}

function pipe({ visit }: Parts): Type<PipeTransform> {
  return class implements PipeTransform {
    transform(value: unknown) {
      visit({ headers: {} });
      return value;
    }
  };
}

const FROM_FILTER = 418;

/** Answers what a handler throws. */
function filter(): Type<ExceptionFilter> {
  @Catch(RangeError)
  class Teapot implements ExceptionFilter {
    catch(_: RangeError, host: ArgumentsHost) {
      const response = host.switchToHttp().getResponse();
      if ('raw' in response) response.code(FROM_FILTER).send({});
      else response.status(FROM_FILTER).json({});
    }
  }
  return Teapot;
}

const filters = async (ask: Ask) => (await ask({ 'x-throw': '1' })).status === FROM_FILTER;

function middleware({ visit }: Parts) {
  return function (request: IncomingMessage, _: ServerResponse, next: (error?: unknown) => void) {
    try {
      visit(request);
      next();
    } catch (error) {
      next(error);
    }
  };
}

function consumer(parts: Parts, routes: (model: Type) => (string | Type)[]): Type<NestModule> {
  return class implements NestModule {
    configure(consuming: MiddlewareConsumer) {
      consuming.apply(middleware(parts)).forRoutes(...routes(parts.model));
    }
  };
}

type Fastify = {
  addHook(name: string, hook: (...args: any[]) => unknown): void;
  register(plugin: unknown): void;
};

const fastifyOf = (app: INestApplication) => app.getHttpAdapter().getInstance() as Fastify;

function hooked(name: string): Obstacle {
  return {
    adapter: 'fastify',
    put: (parts) => parts.setUp.push((app) => fastifyOf(app).addHook(name, hook(parts))),
  };
}

/** A hook of Fastify's, of any name: `done` comes last, and what is sent before it. */
function hook({ visit }: Parts) {
  return function (request: IncomingMessage, ...args: unknown[]) {
    const done = args.at(-1) as (error?: unknown) => void;
    try {
      visit(request);
      done();
    } catch (error) {
      done(error);
    }
  };
}

function hookIn(app: INestApplication, parts: Parts): void {
  (app.getHttpAdapter() as ExpressAdapter).setOnRequestHook(hook(parts) as never);
}

const shows = (header: string) => async (ask: Ask) => header in (await ask()).headers;
const isAbsent = (headers: Record<string, string>) => async (ask: Ask) =>
  (await ask(headers)).status === 404;

export const OBSTACLES: Record<string, Obstacle> = {
  'a global guard': {
    put: (parts) => parts.setUp.push((app) => app.useGlobalGuards(new (guard(parts))())),
  },
  'a guard of APP_GUARD': {
    put: (parts) => parts.providers.push({ provide: APP_GUARD, useClass: guard(parts) }),
  },
  'a guard for each request': {
    put: (parts) =>
      parts.providers.push({ provide: APP_GUARD, useClass: guard(parts), scope: Scope.REQUEST }),
  },
  'a guard of the class': { put: (parts) => UseGuards(guard(parts))(parts.model) },
  'a guard of the method': {
    put: (parts) => UseGuards(guard(parts))(...methodOf(parts.model)),
  },
  'a global interceptor': {
    put: (parts) =>
      parts.setUp.push((app) => app.useGlobalInterceptors(new (interceptor(parts))())),
  },
  'an interceptor of APP_INTERCEPTOR': {
    put: (parts) =>
      parts.providers.push({ provide: APP_INTERCEPTOR, useClass: interceptor(parts) }),
  },
  'an interceptor of the class': {
    put: (parts) => UseInterceptors(interceptor(parts))(parts.model),
  },
  'an interceptor of the method': {
    put: (parts) => UseInterceptors(interceptor(parts))(...methodOf(parts.model)),
  },
  'a global pipe': {
    put: (parts) => parts.setUp.push((app) => app.useGlobalPipes(new (pipe(parts))())),
    isMeek: true,
  },
  'a pipe of APP_PIPE': {
    put: (parts) => parts.providers.push({ provide: APP_PIPE, useClass: pipe(parts) }),
    isMeek: true,
  },
  'a pipe of the method': {
    put: (parts) => UsePipes(pipe(parts))(...methodOf(parts.model)),
    isMeek: true,
  },
  'a global filter': {
    put: (parts) => parts.setUp.push((app) => app.useGlobalFilters(new (filter())())),
    isHonoured: filters,
  },
  'a filter of APP_FILTER': {
    put: (parts) => parts.providers.push({ provide: APP_FILTER, useClass: filter() }),
    isHonoured: filters,
  },
  'a filter of the class': {
    put: (parts) => UseFilters(filter())(parts.model),
    isHonoured: filters,
  },
  'a middleware for the path': {
    put: (parts) => parts.imports.push(consumer(parts, () => ['/run'])),
  },
  'a middleware for every path': {
    put: (parts) => parts.imports.push(consumer(parts, () => ['{*path}'])),
  },
  'a middleware for the controller': {
    put: (parts) => parts.imports.push(consumer(parts, (model) => [model])),
  },
  'a middleware for another path': {
    staysOpen: true,
    put: (parts) => parts.imports.push(consumer(parts, () => ['/other'])),
    isHonoured: async () => true,
  },
  'app.use': { put: (parts) => parts.setUp.push((app) => app.use(middleware(parts))) },
  'app.use of a path': {
    put: (parts) => parts.setUp.push((app) => app.use('/run', middleware(parts))),
  },
  "app.use of a parser's name": {
    put: (parts) =>
      parts.setUp.push((app) => {
        const named = middleware(parts);
        Object.defineProperty(named, 'name', { value: 'jsonParser' });
        app.use(named);
      }),
  },
  'app.use of a router': {
    adapter: 'express',
    put: (parts) =>
      parts.setUp.push((app) => {
        app.use(Router().use(middleware(parts)));
      }),
  },
  'a middleware after the boot': {
    isLate: true,
    put: (parts) =>
      parts.afterBoot.push((app) => {
        app.use(middleware(parts));
        const { stack } = (app.getHttpAdapter().getInstance().router ?? {}) as { stack?: object[] };
        stack?.unshift(stack.pop()!); // Express would put it behind the routes
      }),
  },
  'a hook of the adapter': { put: (parts) => parts.setUp.push((app) => hookIn(app, parts)) },
  'a hook of the adapter after the boot': {
    isLate: true,
    isLast: true,
    put: (parts) => parts.afterBoot.push((app) => hookIn(app, parts)),
  },
  'a security hook of the adapter': {
    put: ({ setUp }) =>
      setUp.push((app) =>
        app.getHttpAdapter().registerSecurityHook!(
          ((_: unknown, response: ServerResponse) =>
            void response.setHeader('x-secure', '1')) as never,
        ),
      ),
    isHonoured: shows('x-secure'),
  },
  'a way to answer of its own': {
    put: ({ setUp }) =>
      setUp.push((app) => {
        const adapter = app.getHttpAdapter();
        const reply = adapter.reply.bind(adapter);
        adapter.reply = (response, body, status) => {
          adapter.setHeader(response, 'x-reply', '1');
          return reply(response, body, status);
        };
      }),
    isHonoured: shows('x-reply'),
  },
  CORS: {
    put: ({ setUp }) => setUp.push((app) => app.enableCors()),
    isHonoured: shows('access-control-allow-origin'),
  },
  'a header of the answer': {
    put: ({ model }) => Header('x-of-route', '1')(...methodOf(model)),
    isHonoured: shows('x-of-route'),
  },
  'a status of the answer': {
    put: ({ model }) => HttpCode(202)(...methodOf(model)),
    isHonoured: async (ask) => (await ask()).status === 202,
  },
  'a request scope': {
    put: ({ model }) => Controller({ scope: Scope.REQUEST })(model),
    isHonoured: async (ask) => {
      const [one, other] = [await ask(), await ask()];
      return one.body.instance !== other.body.instance;
    },
  },
  'a host': {
    put: ({ model }) => Controller({ host: '127.0.0.1' })(model),
    isHonoured: isAbsent({ host: 'other.test' }),
    isLast: true, // it would take the place of a scope
  },
  'a version in a header': {
    put: ({ model, setUp }) => {
      Version('1')(...methodOf(model));
      setUp.push((app) => {
        app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version' });
      });
    },
    isHonoured: isAbsent({ 'x-version': '2' }),
  },
  "a route of the app's own": {
    adapter: 'express',
    put: ({ setUp }) =>
      setUp.push((app) =>
        app
          .getHttpAdapter()
          .post('/run', ((_: unknown, response: any) =>
            response.status(203).json({ mine: true })) as never),
      ),
    isHonoured: async (ask) => (await ask()).status === 203,
    isLast: true,
  },
  'a listener of the server': {
    staysOpen: true,
    put: ({ setUp }) =>
      setUp.push((app) => {
        app.getHttpServer().prependListener('request', (_: unknown, response: ServerResponse) => {
          response.setHeader('x-listened', '1');
        });
      }),
    isHonoured: shows('x-listened'),
  },
  'a hook onRequest': hooked('onRequest'),
  'a hook preParsing': hooked('preParsing'),
  'a hook preValidation': hooked('preValidation'),
  'a hook preHandler': hooked('preHandler'),
  'a hook onSend': { ...hooked('onSend'), isMeek: true },
  'a hook onResponse': { ...hooked('onResponse'), isMeek: true },
  'a hook of a plugin': {
    adapter: 'fastify',
    put: (parts) =>
      parts.setUp.push((app) => {
        function plugin(fastify: Fastify, _: unknown, done: () => void) {
          fastify.addHook('preHandler', hook(parts));
          done();
        }
        fastifyOf(app).register(Object.assign(plugin, { [Symbol.for('skip-override')]: true }));
      }),
  },
  'a hook that a plugin gives each route': {
    adapter: 'fastify',
    put: (parts) =>
      parts.setUp.push((app) =>
        fastifyOf(app).addHook('onRoute', (route: { preValidation?: unknown }) => {
          route.preValidation = hook(parts);
        }),
      ),
  },
  'a wrapper that a plugin puts around each route': {
    adapter: 'fastify',
    put: (parts) =>
      parts.setUp.push((app) =>
        fastifyOf(app).addHook('onRoute', (route: { handler: (...args: any[]) => unknown }) => {
          const { handler } = route;
          route.handler = function (request: IncomingMessage, ...rest: unknown[]) {
            parts.visit(request);
            return handler.call(this, request, ...rest);
          };
        }),
      ),
  },
  'ids for requests': {
    adapter: 'fastify',
    put: ({ fastify, visit }) => {
      fastify['genReqId'] = () => String(visit({ headers: {} }));
    },
    isMeek: true,
  },
  'another URL': {
    adapter: 'fastify',
    put: ({ fastify, visit }) => {
      fastify['rewriteUrl'] = ({ url }: IncomingMessage) => {
        visit({ headers: {} });
        return url;
      };
    },
    isMeek: true,
  },
  'a logger of requests': {
    adapter: 'fastify',
    put: ({ fastify, visit }) => {
      fastify['logger'] = { stream: { write: () => visit({ headers: {} }) } };
    },
    isMeek: true,
  },
};
