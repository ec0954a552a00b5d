import { createHash } from 'node:crypto';
import type { ExecutionContext } from '@nestjs/common';

/** `CacheInterceptor` serves GET only unless a key is given: the body's hash, as its users write it. */
export function bodyKey(context: ExecutionContext): string {
  const { body } = context.switchToHttp().getRequest<{ body: unknown }>();
  return createHash('sha1').update(JSON.stringify(body)).digest('hex');
}
