import {
  Catch,
  ConflictException,
  Controller,
  HttpException,
  UseFilters,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { InvalidRequest, ModelEndpoint, ServingError } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';

class NoModel extends Error {}

function reply(host: ArgumentsHost, status: number, body: object): void {
  const response = host.switchToHttp().getResponse();
  if ('raw' in response) response.code(status).send(body);
  else response.status(status).json(body);
}

@Catch(NoModel)
class NoModelFilter implements ExceptionFilter {
  catch(error: NoModel, host: ArgumentsHost) {
    reply(host, 418, { by: 'NoModelFilter', message: error.message });
  }
}

@Catch(HttpException)
class HttpFilter implements ExceptionFilter {
  catch(_: HttpException, host: ArgumentsHost) {
    reply(host, 419, { by: 'HttpFilter' });
  }
}

@Catch(InvalidRequest)
class InvalidFilter implements ExceptionFilter {
  catch(_: InvalidRequest, host: ArgumentsHost) {
    reply(host, 422, { by: 'InvalidFilter' });
  }
}

@Catch()
class EverythingFilter implements ExceptionFilter {
  catch(_: unknown, host: ArgumentsHost) {
    reply(host, 420, { by: 'EverythingFilter' });
  }
}

function fail({ how }: { how: string }): object {
  switch (how) {
    case 'no model':
      throw new NoModel('no model');
    case 'http':
      throw new ConflictException('conflict');
    case 'invalid':
      throw new InvalidRequest('invalid');
    case 'unavailable':
      throw new ServingError('Unavailable', 'later', { retryAfter: 7 });
    default:
      throw new Error('secret');
  }
}

@ModelEndpoint('/plain')
class Plain {
  predict(input: { how: string }) {
    return fail(input);
  }
}

@UseFilters(NoModelFilter)
@ModelEndpoint('/class-above')
class ClassAbove extends Plain {}

@ModelEndpoint('/class-below')
@UseFilters(new NoModelFilter())
class ClassBelow extends Plain {}

@Controller()
class Methods {
  @UseFilters(NoModelFilter)
  @ModelEndpoint('/method-above')
  above(input: { how: string }) {
    return fail(input);
  }

  @ModelEndpoint('/method-below')
  @UseFilters(NoModelFilter)
  below(input: { how: string }) {
    return fail(input);
  }
}

@UseFilters(EverythingFilter)
@Controller()
class Nested {
  @UseFilters(NoModelFilter)
  @ModelEndpoint('/nested')
  nested(input: { how: string }) {
    return fail(input);
  }
}

describe.each(ADAPTERS)('filters on %s', (adapter) => {
  it.each(['/class-above', '/class-below', '/method-above', '/method-below'])(
    'of class and method take what they catch and leave the rest (%s)',
    async (path) => {
      const app = await startApp(adapter, { controllers: [ClassAbove, ClassBelow, Methods] });
      expect(await app.post(path, { how: 'no model' })).toMatchObject({
        status: 418,
        body: { by: 'NoModelFilter', message: 'no model' },
      });
      expect(await app.post(path, { how: 'http' })).toMatchObject({
        status: 409,
        body: { error: 'conflict', code: 'ABORTED' },
      });
      expect(await app.post(path, { how: 'invalid' })).toMatchObject({
        status: 400,
        body: { error: 'invalid', code: 'INVALID_ARGUMENT' },
      });
      expect((await app.post(path, { how: 'other' })).status).toBe(500);
    },
  );

  it('of the method are asked before those of the class', async () => {
    const app = await startApp(adapter, { controllers: [Nested] });
    expect((await app.post('/nested', { how: 'no model' })).body.by).toBe('NoModelFilter');
    expect((await app.post('/nested', { how: 'invalid' })).body.by).toBe('EverythingFilter');
    expect((await app.post('/nested', { how: 'other' })).body.by).toBe('EverythingFilter');
  });

  it('that are global and name the exception win', async () => {
    const app = await startApp(adapter, {
      controllers: [Plain],
      setUp: (nest) => nest.useGlobalFilters(new HttpFilter(), new NoModelFilter()),
    });
    expect((await app.post('/plain', { how: 'no model' })).body.by).toBe('NoModelFilter');
    expect((await app.post('/plain', { how: 'http' })).body.by).toBe('HttpFilter');
    expect((await app.post('/plain', { how: 'invalid' })).body.code).toBe('INVALID_ARGUMENT');
    expect((await app.post('/plain', { how: 'other' })).body.code).toBe('INTERNAL');
  });

  it('that are global providers and name the exception win', async () => {
    const app = await startApp(adapter, {
      controllers: [Plain, ClassAbove],
      providers: [{ provide: APP_FILTER, useClass: InvalidFilter }],
    });
    expect((await app.post('/plain', { how: 'invalid' })).body.by).toBe('InvalidFilter');
    expect((await app.post('/class-above', { how: 'invalid' })).body.by).toBe('InvalidFilter');
    expect((await app.post('/class-above', { how: 'no model' })).body.by).toBe('NoModelFilter');
  });

  it('that are global belong to their own app', async () => {
    const first = await startApp(adapter, {
      controllers: [Plain],
      setUp: (nest) => nest.useGlobalFilters(new NoModelFilter()),
    });
    const second = await startApp(adapter, { controllers: [Plain] });
    expect((await first.post('/plain', { how: 'no model' })).status).toBe(418);
    expect((await second.post('/plain', { how: 'no model' })).status).toBe(500);
  });

  it('that catch everything globally leave the errors of model endpoints to their contract', async () => {
    const app = await startApp(adapter, {
      controllers: [Plain],
      setUp: (nest) => nest.useGlobalFilters(new EverythingFilter()),
    });
    expect((await app.post('/plain', { how: 'invalid' })).body.code).toBe('INVALID_ARGUMENT');
    expect((await app.post('/plain', { how: 'http' })).body.code).toBe('ABORTED');
    expect((await app.post('/plain', { how: 'other' })).body.code).toBe('INTERNAL');
    expect((await app.get('/nowhere')).body.by).toBe('EverythingFilter');
  });

  it('are not needed to throw the errors of the table by name', async () => {
    const app = await startApp(adapter, { controllers: [Plain] });
    const answer = await app.post('/plain', { how: 'unavailable' });
    expect(answer).toMatchObject({ status: 503, body: { error: 'later', code: 'UNAVAILABLE' } });
    expect(answer.headers.get('retry-after')).toBe('7');
  });
});
