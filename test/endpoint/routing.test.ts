import {
  Body,
  Controller,
  Module,
  Post,
  RequestMethod,
  Version,
  VersioningType,
  type INestApplication,
} from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { ModelEndpoint } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { textSchema } from '../http/text-schema.js';
import { ADAPTERS, startApp } from '../serving-app.js';

@ModelEndpoint('/classify')
class Classifier {
  predict(input: object) {
    return { from: 'classify', input };
  }
}

@ModelEndpoint('/score')
@Controller({ path: 'models', version: '1' })
class ScoreOne {
  predict() {
    return { version: 1 };
  }
}

@Controller({ path: 'models', version: ['2', '3'] })
@ModelEndpoint('/score', textSchema())
class ScoreTwo {
  predict({ text }: { text?: string }) {
    return { text: `2 ${text}` };
  }
}

@Controller('methods')
class VersionedMethods {
  @Version('1')
  @ModelEndpoint('/score', undefined, { bodyLimit: 40 })
  one() {
    return { version: 1 };
  }

  @ModelEndpoint('/score', undefined, { cache: true })
  @Version('2')
  two() {
    return { version: 2 };
  }
}

const versioned = { controllers: [ScoreOne, ScoreTwo, VersionedMethods] };

describe.each(ADAPTERS)('routes on %s', (adapter) => {
  it('are versioned by URI', async () => {
    const app = await startApp(adapter, {
      ...versioned,
      setUp: (nest) => nest.enableVersioning({ type: VersioningType.URI }),
    });
    expect((await app.post('/v1/models/score', {})).body).toEqual({ version: 1 });
    expect((await app.post('/v2/models/score', { text: 'a' })).body).toEqual({ text: '2 a' });
    expect((await app.post('/v3/models/score', { text: 'a' })).body).toEqual({ text: '2 a' });
    expect((await app.post('/v3/models/score', { no: 'a' })).status).toBe(400);
    expect((await app.post('/v1/methods/score', {})).body).toEqual({ version: 1 });
    expect((await app.post('/v2/methods/score', {})).headers.get('x-cache')).toBe('MISS');
    expect((await app.post('/models/score', {})).status).toBe(404);
    expect((await app.post('/v4/models/score', {})).status).toBe(404);
  });

  it.each([
    [
      'a header',
      { type: VersioningType.HEADER, header: 'X-Version' } as const,
      (version: string): Record<string, string> => ({ 'x-version': version }),
    ],
    [
      'the media type',
      { type: VersioningType.MEDIA_TYPE, key: 'v=' } as const,
      (version: string): Record<string, string> => ({ accept: `application/json;v=${version}` }),
    ],
  ])('are versioned by %s', async (_, versioning, asking) => {
    const app = await startApp(adapter, {
      ...versioned,
      setUp: (nest) => nest.enableVersioning(versioning),
    });
    expect((await app.post('/models/score', {}, asking('1'))).body).toEqual({ version: 1 });
    expect((await app.post('/models/score', { text: 'a' }, asking('2'))).body).toEqual({
      text: '2 a',
    });
    expect((await app.post('/models/score', { no: 'a' }, asking('3'))).status).toBe(400);
    expect((await app.post('/methods/score', {}, asking('1'))).headers.get('x-cache')).toBeNull();
    expect((await app.post('/methods/score', {}, asking('2'))).headers.get('x-cache')).toBe('MISS');
    expect((await app.post('/models/score', {}, asking('4'))).status).toBe(404);
  });

  it('stand below the global prefix, but for what it excludes', async () => {
    @ModelEndpoint('/outside')
    class Outside {
      predict() {
        return { from: 'outside' };
      }
    }
    const app = await startApp(adapter, {
      controllers: [Classifier, Outside],
      setUp: (nest: INestApplication) =>
        nest.setGlobalPrefix('api', {
          exclude: [{ path: 'outside', method: RequestMethod.POST }],
        }),
    });
    expect((await app.post('/api/classify', {})).body.from).toBe('classify');
    expect((await app.post('/classify', {})).status).toBe(404);
    expect((await app.post('/outside', {})).body.from).toBe('outside');
    expect((await app.post('/api/classify', 'x')).body.code).toBe('INVALID_ARGUMENT');
    expect((await app.post('/outside', 'x')).body.code).toBe('INVALID_ARGUMENT');
  });

  it('stand below the prefixes of RouterModule and of their controller', async () => {
    @Controller('labels')
    class Labels {
      @ModelEndpoint('add')
      add(input: object) {
        return input;
      }
    }
    @Module({ controllers: [Labels, Classifier] })
    class Models {}
    const app = await startApp(adapter, {
      imports: [Models, RouterModule.register([{ path: 'models', module: Models }]) as never],
    });
    expect((await app.post('/models/labels/add', { a: 1 })).body).toEqual({ a: 1 });
    expect((await app.post('/models/classify', {})).body.from).toBe('classify');
    expect((await app.post('/models/classify', '[')).body.code).toBe('INVALID_ARGUMENT');
  });

  it('may have parameters, also beside more special ones of the same app', async () => {
    @Controller('models')
    class Models {
      @ModelEndpoint('special/score', undefined, { bodyLimit: 30 })
      special(input: object) {
        return { from: 'special', input };
      }

      @ModelEndpoint(':name/score')
      any(input: object) {
        return { from: 'any', input };
      }
    }
    const app = await startApp(adapter, { controllers: [Models] });
    const long = { text: 'x'.repeat(30) };
    expect((await app.post('/models/m1/score', { a: 1 })).body).toEqual({
      from: 'any',
      input: { a: 1 },
    });
    expect((await app.post('/models/%C3%A4%20b/score', long)).body.from).toBe('any');
    expect((await app.post('/models/special/score', {})).body.from).toBe('special');
    expect((await app.post('/models/special/score', long)).status).toBe(413);
    expect((await app.post('/models/m1/score?x=1', '')).body.code).toBe('INVALID_ARGUMENT');
  });

  it('of the host that come first keep the requests that are theirs', async () => {
    @Controller('models')
    class Host {
      @Post('list')
      list(@Body() body: unknown) {
        return { from: 'host', body };
      }

      @ModelEndpoint(':name')
      any(input: object) {
        return { from: 'any', input };
      }
    }
    const app = await startApp(adapter, { controllers: [Host] });
    const json = { 'content-type': 'application/json' };
    const listed = await app.post('/models/list', [1], json);
    expect(listed).toMatchObject({ status: 201, body: { from: 'host', body: [1] } });
    expect((await app.post('/models/list', '[', json)).body.message).toBeDefined();
    expect((await app.post('/models/other', { a: 1 })).body.from).toBe('any');
  });

  it('may have more than one path', async () => {
    @Controller(['one', 'two'])
    class Many {
      @ModelEndpoint('score')
      score(input: object) {
        return input;
      }
    }
    const app = await startApp(adapter, { controllers: [Many] });
    expect((await app.post('/one/score', { a: 1 })).body).toEqual({ a: 1 });
    expect((await app.post('/two/score', { a: 2 })).body).toEqual({ a: 2 });
    expect((await app.post('/two/score', 'x')).body.code).toBe('INVALID_ARGUMENT');
  });

  it('may be the root', async () => {
    @ModelEndpoint('/')
    class Root {
      predict(input: object) {
        return input;
      }
    }
    const app = await startApp(adapter, { controllers: [Root] });
    expect((await app.post('/', { a: 1 })).body).toEqual({ a: 1 });
    expect((await app.post('', { a: 1 })).body).toEqual({ a: 1 });
  });
});
