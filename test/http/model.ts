import { Controller } from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import { textSchema } from './text-schema.js';

const LIMIT = 2_000;

/** One model that echoes, behind every combination of schema and cache. */
@Controller()
export class EchoModel {
  @ModelEndpoint('/free')
  free(input: object) {
    return input;
  }

  @ModelEndpoint('/free-cached', undefined, { cache: true })
  freeCached(input: object) {
    return input;
  }

  @ModelEndpoint('/checked', textSchema())
  checked(input: object) {
    return input;
  }

  @ModelEndpoint('/checked-cached', textSchema(), { cache: true })
  checkedCached(input: object) {
    return input;
  }

  @ModelEndpoint('/small', undefined, { bodyLimit: LIMIT })
  small(input: object) {
    return { keys: Object.keys(input).length };
  }
}

export const SMALL_LIMIT = LIMIT;
export const ECHO_PATHS = ['/free', '/free-cached', '/checked', '/checked-cached'] as const;
