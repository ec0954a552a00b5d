import {
  Controller,
  ForbiddenException,
  Injectable,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ModelEndpoint } from 'nestjs-model-serving';
import { beforeEach, describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';

let calls = 0;
beforeEach(() => {
  calls = 0;
});

class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest();
    if (headers.authorization === undefined) throw new UnauthorizedException('No token');
    return headers.authorization === 'Bearer good';
  }
}

@UseGuards(TokenGuard)
@ModelEndpoint('/class')
class GuardedClass {
  predict() {
    calls++;
    return { ok: true };
  }
}

@ModelEndpoint('/class-below')
@UseGuards(TokenGuard)
class GuardedBelow {
  predict() {
    calls++;
    return { ok: true };
  }
}

@ModelEndpoint('/predict')
class GuardedPredict {
  @UseGuards(TokenGuard)
  predict() {
    calls++;
    return { ok: true };
  }
}

@Controller()
class GuardedMethods {
  @UseGuards(TokenGuard)
  @ModelEndpoint('/above')
  above() {
    calls++;
    return { ok: true };
  }

  @ModelEndpoint('/below')
  @UseGuards(TokenGuard)
  below() {
    calls++;
    return { ok: true };
  }

  @ModelEndpoint('/open')
  open() {
    calls++;
    return { ok: true };
  }
}

@ModelEndpoint('/open')
class Open {
  predict() {
    calls++;
    return { ok: true };
  }
}

const token = (value: string) => ({ authorization: `Bearer ${value}`, 'x-request-id': 'r1' });

describe.each(ADAPTERS)('guards on %s', (adapter) => {
  async function expectGuarded(
    app: Awaited<ReturnType<typeof startApp>>,
    path: string,
  ): Promise<void> {
    expect(await app.post(path, {}, { 'x-request-id': 'r1' }), path).toMatchObject({
      status: 401,
      body: { error: 'No token', code: 'UNAUTHENTICATED', requestId: 'r1' },
    });
    const refused = await app.post(path, {}, token('bad'));
    expect(refused, path).toMatchObject({ status: 403 });
    expect(refused.body).toEqual({
      error: 'Forbidden resource',
      code: 'PERMISSION_DENIED',
      requestId: 'r1',
    });
    expect(calls).toBe(0);
    expect(await app.post(path, {}, token('good')), path).toMatchObject({ status: 200 });
    expect(calls).toBe(1);
    calls = 0;
  }

  it('stand before predict, whether on the class or on the method', async () => {
    const app = await startApp(adapter, {
      controllers: [GuardedClass, GuardedBelow, GuardedPredict, GuardedMethods],
    });
    for (const path of ['/class', '/class-below', '/predict', '/above', '/below']) {
      await expectGuarded(app, path);
    }
    expect((await app.post('/open', {})).status).toBe(200);
  });

  it('stand before predict when they are global', async () => {
    const app = await startApp(adapter, {
      controllers: [Open],
      setUp: (nest) => nest.useGlobalGuards(new TokenGuard()),
    });
    await expectGuarded(app, '/open');
  });

  it('stand before predict when they are global with providers of their own', async () => {
    @Injectable()
    class Policy {
      allows = (path: string) => path !== '/open';
    }
    @Injectable()
    class PolicyGuard implements CanActivate {
      constructor(private readonly policy: Policy) {}
      canActivate(context: ExecutionContext): boolean {
        const { url } = context.switchToHttp().getRequest();
        if (!this.policy.allows(url)) throw new ForbiddenException({ reason: 'policy' });
        return true;
      }
    }
    const app = await startApp(adapter, {
      controllers: [Open, GuardedClass],
      providers: [Policy, { provide: APP_GUARD, useClass: PolicyGuard }],
    });
    expect(await app.post('/open', {})).toMatchObject({
      status: 403,
      body: { error: 'Forbidden Exception', code: 'PERMISSION_DENIED' },
    });
    expect((await app.post('/class', {}, token('good'))).status).toBe(200);
    expect(calls).toBe(1);
  });

  it('may look at class, handler and body', async () => {
    const seen: unknown[] = [];
    class Looking implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        const { body } = context.switchToHttp().getRequest();
        seen.push(context.getClass(), context.getHandler().name, body);
        return true;
      }
    }
    const app = await startApp(adapter, {
      controllers: [Open],
      setUp: (nest) => nest.useGlobalGuards(new Looking()),
    });
    await app.post('/open', { a: 1 });
    expect(seen).toEqual([Open, 'predict', { a: 1 }]);
  });

  it('that fail by mistake are a 500', async () => {
    class Broken implements CanActivate {
      canActivate(): boolean {
        throw new TypeError('secret');
      }
    }
    const app = await startApp(adapter, {
      controllers: [Open],
      setUp: (nest) => nest.useGlobalGuards(new Broken()),
    });
    const answer = await app.post('/open', {});
    expect(answer).toMatchObject({ status: 500, body: { error: 'Internal server error' } });
    expect(calls).toBe(0);
  });
});
