import { createClient, ServingClientError, type CallOptions } from 'nestjs-model-serving/client';
import { expect } from 'vitest';

/** How a call fails, which may not be made again. */
export async function failure(url: string, options?: CallOptions): Promise<ServingClientError> {
  const client = createClient(url, { retry: false });
  const error: unknown = await client.call('/classify', {}, options).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(ServingClientError);
  return error as ServingClientError;
}
