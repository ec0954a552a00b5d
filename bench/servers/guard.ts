import { Injectable, type CanActivate, type ExecutionContext, type Provider } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';

/** A guard of the whole app that looks at a header, as one that checks a key does. */
@Injectable()
class RefusalGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    return headers['x-refuse'] === undefined;
  }
}

export const guards: Provider[] = process.env.GUARD
  ? [{ provide: APP_GUARD, useClass: RefusalGuard }]
  : [];
