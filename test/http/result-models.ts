import { Controller, HttpException } from '@nestjs/common';
import { InvalidRequest, ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { once } from 'node:events';
import { EMPTY, of } from 'rxjs';

/** What handlers may return or throw, by the name that the input gives it. */
function outcomeOf(text: string): unknown {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  const outcomes: Record<string, () => unknown> = {
    text: () => ({ text: 'größer' }),
    undefined: () => undefined,
    null: () => null,
    string: () => 'a "string"',
    number: () => 5,
    observable: () => of({ a: 1 }, { a: 2 }),
    empty: () => EMPTY,
    function: () => ({ a: () => 1 }),
    cycle: () => cycle,
    frozen: () => Object.freeze({ a: Object.freeze([1n, new Date(0), new Map([['b', NaN]])]) }),
    'throwing getter': () => ({
      get a() {
        throw new Error('looked at');
      },
    }),
    invalid: () => raise(new InvalidRequest('Not this text')),
    error: () => raise(new Error('a secret')),
    'thrown string': () => raise('a string'),
    'thrown undefined': () => raise(undefined),
  };
  const status = /^http (\d+)/.exec(text)?.[1];
  if (status !== undefined) throw new HttpException('An answer of its own', Number(status));
  return outcomes[text]?.();
}

function raise(thrown: unknown): never {
  throw thrown;
}

interface Input {
  text: string;
}

/** Handlers that come to every kind of end, at once or later. */
@Controller()
export class ResultModel {
  @ModelEndpoint('/returns')
  returns({ text }: Input) {
    return outcomeOf(text);
  }

  @ModelEndpoint('/later')
  async later({ text }: Input) {
    await new Promise((resolve) => setImmediate(resolve));
    return outcomeOf(text);
  }

  @ModelEndpoint('/fails')
  fails({ text }: Input) {
    raise(outcomeOf(text));
  }

  @ModelEndpoint('/never')
  async never(_: object, { signal }: PredictContext) {
    if (!signal.aborted) await once(signal, 'abort');
  }

  @ModelEndpoint('/context')
  context(input: object, { headers, params, query, requestId }: PredictContext) {
    return { input, headers, params, query, ownId: headers['x-request-id'] === requestId };
  }

  @ModelEndpoint('/by/name/:name')
  byName(_: object, { params, query }: PredictContext) {
    return { params, query };
  }
}
