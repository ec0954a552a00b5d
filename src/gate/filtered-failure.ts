import { HttpException } from '@nestjs/common';
import { isObservable, lastValueFrom } from 'rxjs';
import { inspectThrown, isError, ServingError } from '../errors/index.js';
import type { Arranged } from './arranger.js';
import type { Asker } from './visit.js';

/**
 * What a call fails with: the error, or the one that a filter gives or throws in its place. There is no
 * HTTP response that a filter could write to, so that whatever else it gives is lost, and the log says so.
 */
export async function failureOf(
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
    // What no filter takes comes back.
    if (thrown === error || wasAnswered(thrown)) return error;
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
