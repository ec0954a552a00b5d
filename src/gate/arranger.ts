import {
  ContextIdFactory,
  type DiscoveryService,
  type ExternalContextCreator,
  type ModuleRef,
} from '@nestjs/core';
import type { Endpoint } from '../endpoint/endpoint.js';
import { GateArguments } from './arguments-host.js';
import { callHeldBy } from './held-call.js';
import type { ContextType, Visit } from './visit.js';

type Controller = ReturnType<DiscoveryService['getControllers']>[number];
type ContextId = ReturnType<typeof ContextIdFactory.create>;

/** An endpoint as Nest's enhancers have been arranged around it, for one request or for all. */
export interface Arranged {
  readonly type: ContextType;
  readonly instance: object;
  run(args: readonly unknown[]): Promise<unknown>;
  /** Takes one of several inputs to the handler, past pipes only. */
  runPart(args: readonly unknown[]): Promise<unknown>;
  /** What the first filter that takes an error makes of it; `undefined` where none does. */
  rescue(error: unknown, args: readonly unknown[]): unknown;
}

/** What of that which the app binds is arranged; filters always are. */
export interface Extent {
  readonly guards: boolean;
  /** The handler, with interceptors and pipes. */
  readonly handler: boolean;
  /** Whether interceptors see an Observable of several answers. */
  readonly flows: boolean;
}

export interface Arrangements {
  /** Of the instance that there is for all requests. */
  readonly fixed: Arranged;
  /** For one visit: the same, or what is made for it where its providers are of the request. */
  arrangedFor(visit: Visit): Arranged | Promise<Arranged>;
}

/** Where Nest keeps what decorators say of a method's parameters, and the two kinds that routes have. */
const PARAMETERS = '__routeArguments__';
const REQUEST = 0;
const BODY = 3;

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

/** Arranges Nest's enhancers around endpoints, by its `ExternalContextCreator`. */
export class Arranger {
  readonly #creator: ExternalContextCreator;
  readonly #modules: ModuleRef;
  readonly #discovery: DiscoveryService;

  constructor(creator: ExternalContextCreator, modules: ModuleRef, discovery: DiscoveryService) {
    this.#creator = creator;
    this.#modules = modules;
    this.#discovery = discovery;
  }

  arrange(endpoint: Endpoint, type: ContextType, extent: Extent): Arrangements {
    const controller = this.#discovery
      .getControllers()
      .find(({ metatype }) => metatype === endpoint.controller)!;
    const instance = controller.instance as object;
    const fixed = this.#arrange(endpoint, type, extent, controller, instance);
    const arrangedFor = (visit: Visit) =>
      endpoint.instance === undefined
        ? this.#arrangeFor(visit, endpoint, type, extent, controller)
        : fixed;
    return { fixed, arrangedFor };
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
      // It would show pipes every parameter; those of Nest's routes see the body only.
      getParamValue: { value: forBodyAlone(this.#creator) },
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

function asItIs(result: unknown): unknown {
  return result;
}

function forBodyAlone(creator: ExternalContextCreator): ExternalContextCreator['getParamValue'] {
  return (value, metadata, pipes) => {
    const kind: unknown = metadata.type;
    return creator.getParamValue(value, metadata, kind === BODY ? pipes : []);
  };
}
