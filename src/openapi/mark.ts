import 'reflect-metadata';
import type { EndpointPlan } from '../endpoint/endpoint.js';
import type { Operation } from './document.js';

const MARK = 'x-nestjs-model-serving';
/** What @nestjs/swagger keeps the arguments of `@ApiExtension()` under. */
const EXTENSIONS = 'swagger/apiExtension';

/**
 * Makes a document whose operations tell which plan each of them is of. The marks stand on the routes
 * only while it is made: other apps of the process may have the same classes.
 */
export function withMarks<T>(plans: readonly EndpointPlan[], make: () => T): T {
  const routes = plans.map(({ controller, method }) => controller.prototype[method] as object);
  const before = routes.map((route) => Reflect.getMetadata(EXTENSIONS, route) as object);
  routes.forEach((route, index) =>
    Reflect.defineMetadata(EXTENSIONS, { ...before[index], [MARK]: index }, route),
  );
  try {
    return make();
  } finally {
    routes.forEach((route, index) => {
      if (before[index] === undefined) Reflect.deleteMetadata(EXTENSIONS, route);
      else Reflect.defineMetadata(EXTENSIONS, before[index], route);
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
