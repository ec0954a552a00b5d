import 'reflect-metadata';
import type { EndpointPlan } from '../endpoint/endpoint.js';
import type { Operation } from './document.js';

const MARK = 'x-nestjs-model-serving';
/** What @nestjs/swagger keeps the arguments of `@ApiExtension()` under. */
const EXTENSIONS = 'swagger/apiExtension';

/** What it keeps the arguments of `@ApiConsumes()` under. */
export const CONSUMES = 'swagger/apiConsumes';

/**
 * Makes a document whose operations tell which plan each of them is of. The marks stand on the routes
 * only while it is made: other apps of the process may have the same classes.
 */
export function withMarks<T>(plans: readonly EndpointPlan[], make: () => T): T {
  const marks = plans.map(({ controller, method }, index): Metadata => {
    const route = controller.prototype[method] as object;
    return [EXTENSIONS, route, { ...Reflect.getMetadata(EXTENSIONS, route), [MARK]: index }];
  });
  // @nestjs/swagger writes the types of a method into the list of its class.
  const copies = Array.from(new Set(plans.map(({ controller }) => controller)), (controller) => {
    const types = Reflect.getMetadata(CONSUMES, controller) as string[] | undefined;
    return types === undefined ? [] : [[CONSUMES, controller, [...types]] satisfies Metadata];
  });
  return withMetadata([...marks, ...copies.flat()], make);
}

type Metadata = [key: string, target: object, value: unknown];

function withMetadata<T>(entries: readonly Metadata[], make: () => T): T {
  const before = entries.map(([key, target]) => Reflect.getOwnMetadata(key, target) as unknown);
  for (const [key, target, value] of entries) Reflect.defineMetadata(key, value, target);
  try {
    return make();
  } finally {
    entries.forEach(([key, target], index) => {
      if (before[index] === undefined) Reflect.deleteMetadata(key, target);
      else Reflect.defineMetadata(key, before[index], target);
    });
  }
}

/** The plan that an operation is of; its mark is taken off. */
export function takeMark(
  operation: Operation,
  plans: readonly EndpointPlan[],
): EndpointPlan | undefined {
  const mark = operation[MARK];
  delete operation[MARK];
  return typeof mark === 'number' ? plans[mark] : undefined;
}
