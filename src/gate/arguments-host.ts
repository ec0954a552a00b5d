import type { ArgumentsHost } from '@nestjs/common';

/** What Nest's filters are shown of a call: the arguments that its guards and interceptors get, too. */
export class GateArguments implements ArgumentsHost {
  readonly #args: unknown[];
  readonly #type: string;

  constructor(args: readonly unknown[], type: string) {
    this.#args = [...args];
    this.#type = type;
  }

  getArgs<T extends unknown[] = unknown[]>(): T {
    return this.#args as T;
  }

  getArgByIndex<T>(index: number): T {
    return this.#args[index] as T;
  }

  getType<Type extends string>(): Type {
    return this.#type as Type;
  }

  switchToHttp(): ReturnType<ArgumentsHost['switchToHttp']> {
    const at = <T>(index: number) => this.getArgByIndex<T>(index);
    return {
      getRequest: <T>() => at<T>(0),
      getResponse: <T>() => at<T>(1),
      getNext: <T>() => at<T>(2),
    };
  }

  switchToRpc(): ReturnType<ArgumentsHost['switchToRpc']> {
    const at = <T>(index: number) => this.getArgByIndex<T>(index);
    return { getData: <T>() => at<T>(0), getContext: <T>() => at<T>(1) };
  }

  /** No door of the library's is a web socket. */
  switchToWs(): never {
    throw new TypeError('A call of a model endpoint does not come by a web socket');
  }
}
