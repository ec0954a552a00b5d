import type {
  AnyCallOptions,
  BinaryCallOptions,
  ClientOptions,
  JsonCallOptions,
} from './client-options.js';
import type { AnswerOf, EndpointTypes, InputOf, PathOf } from './endpoint-types.js';
import type { ParamsOption, WithParams } from './endpoint-url.js';
import { ItemStream } from './item-stream.js';
import { Session } from './session.js';

/** Calls the endpoints of one server. Made by {@link createClient}. */
export interface Client<Api extends object> {
  /**
   * Calls an endpoint in binary protobuf.
   *
   * @param path of the endpoint, as its decorator has it
   * @param input what `encode` takes
   * @returns what `decode` makes of the answer
   * @throws {ServingClientError} where there is no answer
   */
  call<Path extends PathOf<Api>, Input, Answer>(
    path: Path,
    input: Input,
    options: BinaryCallOptions<Input, Answer> & ParamsOption<Path>,
  ): Promise<Answer>;
  /**
   * Calls an endpoint.
   *
   * @param path of the endpoint, as its decorator has it; its parameters go to the option `params`
   * @param input what the endpoint's schema takes; bytes may be a `Uint8Array`, 64-bit numbers a `bigint`
   * @returns the answer in its canonical form: bytes are base64, 64-bit numbers decimal strings
   * @throws {ServingClientError} where there is no answer
   */
  call<Path extends PathOf<Api>>(
    path: Path,
    input: InputOf<Api, Path>,
    ...options: WithParams<Path, JsonCallOptions>
  ): Promise<AnswerOf<Api, Path>>;
  /**
   * Reads what an endpoint with `stream: true` yields. The request is made when the first item is asked for; no
   * more is read than is asked for, so that the server waits for a slow reader; leaving the loop cancels it.
   *
   * @returns items for one loop; fails with a `ServingClientError` where the stream does, or where it is cut
   * @example
   * ```ts
   * for await (const { word } of client.stream('/words', { text })) show(word);
   * ```
   */
  stream<Path extends PathOf<Api>>(
    path: Path,
    input: InputOf<Api, Path>,
    ...options: WithParams<Path, JsonCallOptions>
  ): AsyncIterableIterator<AnswerOf<Api, Path>>;
}

/**
 * A client of the endpoints of a server, for Node, browsers, Deno and Bun.
 *
 * @typeParam Api the endpoints by their paths: for each the type of its schema's constant, or {@link EndpointTypes}
 * @param baseUrl where the server is, with the app's global prefix and version; in a browser it may be relative
 * @throws {TypeError} where `baseUrl` is no URL of HTTP
 * @example
 * ```ts
 * import { createClient } from 'nestjs-model-serving/client';
 * import type { classifySchema } from '../server/classify.proto.js';
 *
 * type Api = { '/classify': typeof classifySchema };
 *
 * const client = createClient<Api>('http://localhost:8000');
 * const { language } = await client.call('/classify', { title: 'Guten Tag' }, { timeout: 2_000 });
 * ```
 */
export function createClient<Api extends object = Record<string, EndpointTypes>>(
  baseUrl: string | URL,
  options: ClientOptions = {},
): Client<Api> {
  const session = new Session(baseUrl, options);
  return {
    call: (path: string, input: unknown, own: AnyCallOptions = {}): Promise<any> =>
      session.call(path, input, own),
    stream: (path: string, input: unknown, own: AnyCallOptions = {}) =>
      new ItemStream(session, path, input, own) as AsyncIterableIterator<any>,
  };
}
