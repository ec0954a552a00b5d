import { HttpException, Injectable } from '@nestjs/common';
import {
  ContextIdFactory,
  DiscoveryService,
  ExternalContextCreator,
  ModuleRef,
} from '@nestjs/core';
import { lastValueFrom, isObservable } from 'rxjs';
import type { Answer } from '../endpoint/answer.js';
import type { Call } from '../endpoint/call.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { Outlet } from '../endpoint/outlet.js';
import { inspectThrown, isError, ServingError, tamed } from '../errors/index.js';
import { serve, serveStream } from '../interceptors/way.js';
import { GateArguments } from './arguments-host.js';
import { callHeldBy, holdCall } from './held-call.js';
import { pour } from './pour.js';
import { answerFrom } from './replaced-answer.js';

/** What Nest shows of a call to what the app binds. */
export interface Visit {
  /**
   * The arguments of an `ExecutionContext`: request, response and next of `http`, data and context of
   * `rpc`. One of them holds the call.
   */
  readonly args: readonly unknown[];
  /** What a request-scoped provider gets as `REQUEST`. */
  readonly request: object;
}

/**
 * Takes a call to its handler, past guards, interceptors and pipes, and its errors past the filters. Gives
 * `undefined` where the answers of a stream have gone to the call's outlet.
 */
export type Passage = (call: Call, visit: Visit) => Passed | Promise<Passed>;

export type Passed = Answer | undefined;

export type ContextType = 'http' | 'rpc';

/** Who is told of what guards and filters do: a call, or who asks for something else of an endpoint. */
export type Asker = Pick<Call, 'log' | 'isAnswered'>;

type Controller = ReturnType<DiscoveryService['getControllers']>[number];
type ContextId = ReturnType<typeof ContextIdFactory.create>;

/** An endpoint as Nest's enhancers have been arranged around it, for one request or for all. */
interface Arranged {
  readonly type: ContextType;
  readonly instance: object;
  run(args: readonly unknown[]): Promise<unknown>;
  /** Takes one of several inputs to the handler, past pipes only. */
  runPart(args: readonly unknown[]): Promise<unknown>;
  /** What the first filter that takes an error makes of it; `undefined` where none does. */
  rescue(error: unknown, args: readonly unknown[]): unknown;
}

/** What of that which the app binds is arranged; filters always are. */
interface Extent {
  readonly guards: boolean;
  /** The handler, with interceptors and pipes. */
  readonly handler: boolean;
  /** Whether interceptors see an Observable of several answers. */
  readonly flows: boolean;
}

const GUARDS_ALONE: Extent = { guards: true, handler: false, flows: false };

/** Where Nest keeps what decorators say of a method's parameters, and the two kinds that routes have. */
const PARAMETERS = '__routeArguments__';
const REQUEST = 0;
const BODY = 3;

/**
 * What the app binds to an endpoint (guards, pipes, interceptors, filters), for every door but Nest's own
 * routes: Nest's `ExternalContextCreator` arranges it.
 */
@Injectable()
export class Gate {
  readonly #creator: ExternalContextCreator;
  readonly #modules: ModuleRef;
  readonly #discovery: DiscoveryService;

  constructor(creator: ExternalContextCreator, modules: ModuleRef, discovery: DiscoveryService) {
    this.#creator = creator;
    this.#modules = modules;
    this.#discovery = discovery;
  }

  /**
   * The way past what is bound to an endpoint: made once, at boot, unless it is made for each request.
   *
   * @param inParts whether its calls consist of parts, whose answers go to the call's outlet
   */
  passage(endpoint: Endpoint, type: ContextType, { guards = true, inParts = false } = {}): Passage {
    if (isOpen(endpoint, guards)) return passFreely;
    const flows = inParts || endpoint.options.stream;
    const extent = { guards, handler: true, flows };
    const { fixed, arranged } = this.#arrangements(endpoint, type, extent);
    return (call, visit) => pass(call, visit, fixed, () => arranged(visit));
  }

  /**
   * The guards of an endpoint alone, for what concerns it and is no call of its handler. The promise ends
   * with what a visitor who is turned away is told.
   */
  guard(endpoint: Endpoint, type: ContextType): (asker: Asker, visit: Visit) => Promise<void> {
    if (!endpoint.bound.guards) return async () => undefined;
    const { fixed, arranged } = this.#arrangements(endpoint, type, GUARDS_ALONE);
    return async (asker, visit) => {
      let used = fixed;
      try {
        used = await arranged(visit);
        await used.run(visit.args);
      } catch (error) {
        throw await failureOf(asker, tamed(error), used, visit.args);
      }
    };
  }

  #arrangements(endpoint: Endpoint, type: ContextType, extent: Extent) {
    const controller = this.#discovery
      .getControllers()
      .find(({ metatype }) => metatype === endpoint.controller)!;
    const instance = controller.instance as object;
    const fixed = this.#arrange(endpoint, type, extent, controller, instance);
    const arranged = (visit: Visit) =>
      endpoint.instance === undefined
        ? this.#arrangeFor(visit, endpoint, type, extent, controller)
        : fixed;
    return { fixed, arranged };
  }

  async #arrangeFor(
    { request }: Visit,
    endpoint: Endpoint,
    type: ContextType,
    extent: Extent,
    controller: Controller,
  ): Promise<Arranged> {
    const contextId = ContextIdFactory.getByRequest(request);
    const provided = controller.isDependencyTreeDurable()
      ? contextId.payload
      : Object.assign(request, contextId.payload);
    this.#modules.registerRequestByContextId(provided, contextId);
    const { host } = controller;
    const instance = (await this.#modules['injector'].loadPerContext(
      controller.instance as object,
      host!,
      host!.controllers,
      contextId,
      controller,
    )) as object;
    return this.#arrange(endpoint, type, extent, controller, instance, contextId);
  }

  #arrange(
    endpoint: Endpoint,
    type: ContextType,
    { guards, handler, flows }: Extent,
    { host, id }: Controller,
    instance: object,
    contextId?: ContextId,
  ): Arranged {
    const { method } = endpoint;
    const route = (instance as Record<string, (...args: unknown[]) => unknown>)[method]!;
    // It looks for the module of a class among providers only; a controller's would go without guards.
    const creator: ExternalContextCreator = Object.create(this.#creator, {
      getContextModuleKey: { value: () => host!.token },
      // It would wait for the last item of a stream, and take none for an error.
      ...(flows && { transformToResult: { value: asItIs } }),
      // The last that it would call once the guards have passed.
      ...(!handler && { interceptorsConsumer: { value: { intercept: asItIs } } }),
    });
    const create = (isWhole: boolean) =>
      creator.create(
        instance,
        route,
        method,
        PARAMETERS,
        ROUTE_PARAMETERS,
        contextId,
        id,
        { guards: isWhole && guards, interceptors: isWhole && handler, filters: false },
        type,
      );
    const run = create(true);
    const runPart = flows ? create(false) : run;
    // Its own way to the filters would log every error that none of them takes, refusals included.
    const filters = creator['filtersContextCreator'].create(
      instance,
      route,
      host!.token,
      contextId,
      id,
    );
    return {
      type,
      instance,
      run: (args) => run(...args),
      runPart: (args) => runPart(...args),
      rescue: (error, args) =>
        filters.invokeCustomFilters(error, new GateArguments(args, type)) as unknown,
    };
  }
}

/** Whether nothing of the app's stands before a handler that is there for all requests. */
function isOpen({ bound, instance }: Endpoint, guarded: boolean): boolean {
  const { guards, ...others } = bound;
  return !(guarded && guards) && !Object.values(others).includes(true) && instance !== undefined;
}

/** The passage where nothing of the app's stands before the handler. */
export function passFreely(call: Call): Passed | Promise<Passed> {
  call.receiver = call.endpoint.instance;
  return call.outlet === undefined ? serve(call) : streamInto(call, call.outlet);
}

async function streamInto(call: Call, outlet: Outlet): Promise<undefined> {
  await serveStream(call);
  outlet.end();
}

function asItIs(result: unknown): unknown {
  return result;
}

async function pass(
  call: Call,
  { args }: Visit,
  fixed: Arranged,
  arrange: () => Arranged | Promise<Arranged>,
): Promise<Passed> {
  let arranged = fixed;
  try {
    arranged = await arrange();
    if (call.parts !== undefined) {
      call.receiver = arranged.instance;
      if (call.endpoint.bound.pipes) call.parts.handle = partHandler(arranged);
    }
    const result = await arranged.run(args);
    if (call.outlet === undefined) return answerFrom(call, result);
    if (isObservable(result)) await pour(result, call, call.outlet);
    call.outlet.end();
    return undefined;
  } catch (error) {
    throw await failureOf(call, tamed(error), arranged, args);
  }
}

/** Pipes are shown the arguments of a part: its holder stands where that of the call would. */
function partHandler({ runPart }: Arranged) {
  return function handle(part: Call): Promise<unknown> {
    const holder = {};
    holdCall(holder, part);
    return runPart([part.input, holder]);
  };
}

/**
 * What a call fails with: the error, or the one that a filter gives or throws in its place. There is no
 * HTTP response that a filter could write to, so that whatever else it gives is lost, and the log says so.
 */
async function failureOf(
  call: Asker,
  error: unknown,
  arranged: Arranged,
  args: readonly unknown[],
): Promise<unknown> {
  let rescued: unknown;
  try {
    const given = await arranged.rescue(error, args);
    rescued = isObservable(given) ? await lastValueFrom(given, { defaultValue: undefined }) : given;
  } catch (thrown) {
    if (wasAnswered(thrown)) return error;
    if (arranged.type === 'http' || isFailure(thrown)) return thrown;
    call.log.error('A filter of the app failed where there is no HTTP response', thrown);
    return error;
  }
  if (isError(rescued)) return rescued;
  if (!call.isAnswered) {
    call.log.warn(
      `A filter of the app gave ${inspectThrown(rescued)} in place of an error: expected an Error, or an answer that it sends itself`,
    );
  }
  return error;
}

/** Whether it is meant for the client: a filter that was written for HTTP stumbles otherwise by rpc. */
function isFailure(thrown: unknown): boolean {
  return thrown instanceof HttpException || thrown instanceof ServingError;
}

/** A filter that would answer cannot once a stream has begun: what it filtered is the failure. */
function wasAnswered(thrown: unknown): boolean {
  return isError(thrown) && (thrown as NodeJS.ErrnoException).code === 'ERR_HTTP_HEADERS_SENT';
}

/** Gives a route's parameters what they stand for: the input, and the argument that holds the call. */
const ROUTE_PARAMETERS = {
  exchangeKeyForValue(kind: number, field: unknown, args: readonly unknown[]): unknown {
    const holder = args.find((argument) => callHeldBy(argument) !== undefined);
    if (kind === REQUEST) return holder;
    if (kind !== BODY) return undefined;
    const input = callHeldBy(holder)!.input as Record<string, unknown>;
    return field === undefined ? input : input[String(field)];
  },
};
