import { Injectable } from '@nestjs/common';
import { DiscoveryService, ExternalContextCreator, ModuleRef } from '@nestjs/core';
import { isObservable } from 'rxjs';
import type { Answer } from '../endpoint/answer.js';
import type { Call } from '../endpoint/call.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { Outlet } from '../endpoint/outlet.js';
import { tamed } from '../errors/index.js';
import { serve, serveStream } from '../interceptors/way.js';
import { Arranger, type Arranged, type Arrangements, type Extent } from './arranger.js';
import { failureOf } from './filtered-failure.js';
import { holdCall } from './held-call.js';
import { pour } from './pour.js';
import { answerFrom } from './replaced-answer.js';
import type { Asker, ContextType, Visit } from './visit.js';

/**
 * Takes a call to its handler, past guards, interceptors and pipes, and its errors past the filters. Gives
 * `undefined` where the answers of a stream have gone to the call's outlet.
 */
export type Passage = (call: Call, visit: Visit) => Passed | Promise<Passed>;

export type Passed = Answer | undefined;

/** Takes someone who asks past the guards to an errand, and what either fails with past the filters. */
export type Receive = <T>(asker: Asker, visit: Visit, errand: () => Promise<T>) => Promise<T>;

const GUARDS_ALONE: Extent = { guards: true, handler: false, flows: false };

/**
 * What the app binds to an endpoint (guards, pipes, interceptors, filters), for every door but Nest's own
 * routes.
 */
@Injectable()
export class Gate {
  readonly #arranger: Arranger;

  constructor(creator: ExternalContextCreator, modules: ModuleRef, discovery: DiscoveryService) {
    this.#arranger = new Arranger(creator, modules, discovery);
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
    const arrangements = this.#arranger.arrange(endpoint, type, extent);
    return (call, visit) => pass(call, visit, arrangements);
  }

  /** The guards and filters of an endpoint alone, for what concerns it and is no call of its handler. */
  receive(endpoint: Endpoint, type: ContextType): Receive {
    const { bound } = endpoint;
    if (!bound.guards && !bound.filters) return (_asker, _visit, errand) => errand();
    const { fixed, arrangedFor } = this.#arranger.arrange(endpoint, type, GUARDS_ALONE);
    return async (asker, visit, errand) => {
      let used = fixed;
      try {
        used = await arrangedFor(visit);
        await used.run(visit.args);
        return await errand();
      } catch (error) {
        throw await failureOf(asker, tamed(error), used, visit.args);
      }
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

async function pass(
  call: Call,
  visit: Visit,
  { fixed, arrangedFor }: Arrangements,
): Promise<Passed> {
  const { args } = visit;
  let arranged = fixed;
  try {
    arranged = await arrangedFor(visit);
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
