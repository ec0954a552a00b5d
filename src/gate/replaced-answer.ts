import { Answer } from '../endpoint/answer.js';
import type { Call } from '../endpoint/call.js';
import { messageOfThrown, ServingError } from '../errors/index.js';

/**
 * What the app's interceptors have made of an answer: as JSON it goes out as it is, a binary message has to
 * fit its schema.
 *
 * @throws {ServingError} `InvalidAnswer` where it does not
 */
export function answerFrom({ endpoint, isBinary, takesValue }: Call, result: unknown): Answer {
  if (result instanceof Answer) return result;
  const codec = endpoint.schema?.response;
  if (takesValue && codec === undefined) return Answer.held(result);
  if (!(isBinary || takesValue) || codec === undefined) return Answer.of(result);
  try {
    const canonical = codec.write(result);
    return takesValue ? Answer.held(canonical) : Answer.binary(canonical, codec);
  } catch (cause) {
    throw new ServingError(
      'InvalidAnswer',
      `Expected what an interceptor puts in the answer's place to fit the response schema: ${messageOfThrown(cause)}`,
      { cause },
    );
  }
}
