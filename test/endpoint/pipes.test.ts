import {
  BadRequestException,
  Body,
  Controller,
  UsePipes,
  ValidationPipe,
  type ArgumentMetadata,
  type PipeTransform,
} from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsInt, IsString, Max } from 'class-validator';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { textSchema } from '../http/text-schema.js';
import { ADAPTERS, startApp } from '../serving-app.js';

class Input {
  @IsString()
  text!: string;

  @IsInt()
  @Max(10)
  @Type(() => Number)
  count!: number;
}

/** As the docs of Nest write it for zod: it looks at the value and at nothing else. */
class Doubling implements PipeTransform {
  transform(value: { count?: unknown }) {
    if (typeof value.count !== 'number') throw new BadRequestException('count: expected a number');
    return { ...value, count: value.count * 2 };
  }
}

class Shouting implements PipeTransform {
  transform(value: { text: string }, { type }: ArgumentMetadata) {
    return type === 'body' ? { ...value, text: value.text.toUpperCase() } : value;
  }
}

@UsePipes(Doubling)
@ModelEndpoint('/class')
class PipedClass {
  predict(input: object, { requestId }: PredictContext) {
    return { ...input, requestId };
  }
}

@ModelEndpoint('/with-schema', textSchema())
@UsePipes(new Doubling())
class PipedWithSchema {
  predict({ count }: { count: number }) {
    return { count };
  }
}

@Controller()
class PipedMethods {
  @UsePipes(Doubling)
  @ModelEndpoint('/above')
  above(input: object, { requestId }: PredictContext) {
    return { ...input, requestId };
  }

  @ModelEndpoint('/below')
  @UsePipes(new Doubling())
  below(input: object, { requestId }: PredictContext) {
    return { ...input, requestId };
  }

  @ModelEndpoint('/parameter')
  parameter(@Body(Doubling) input: object, { requestId }: PredictContext) {
    return { ...input, requestId };
  }
}

@Controller()
class Typed {
  @ModelEndpoint('/typed')
  typed(input: Input, context: PredictContext) {
    const { text, count } = input;
    return { text, count, isInput: input instanceof Input, requestId: context.requestId };
  }
}

const headers = { 'x-request-id': 'r1' };

describe.each(ADAPTERS)('pipes on %s', (adapter) => {
  it.each(['/class', '/above', '/below', '/parameter'])(
    'transform the body and nothing else (%s)',
    async (path) => {
      const app = await startApp(adapter, { controllers: [PipedClass, PipedMethods] });
      expect(await app.post(path, { count: 4 }, headers)).toMatchObject({
        status: 200,
        body: { count: 8, requestId: 'r1' },
      });
      expect(await app.post(path, { count: 'x' }, headers)).toMatchObject({
        status: 400,
        body: {
          error: 'count: expected a number',
          code: 'INVALID_ARGUMENT',
          requestId: 'r1',
        },
      });
    },
  );

  it('see the canonical form where there is a schema', async () => {
    const app = await startApp(adapter, { controllers: [PipedWithSchema] });
    expect(await app.post('/with-schema', { count: '4' })).toMatchObject({ body: { count: 8 } });
  });

  it('may be global', async () => {
    @ModelEndpoint('/shout')
    class Shout {
      predict({ text }: { text: string }, { requestId }: PredictContext) {
        return { text, requestId };
      }
    }
    const app = await startApp(adapter, {
      controllers: [Shout],
      setUp: (nest) => nest.useGlobalPipes(new Shouting()),
    });
    expect((await app.post('/shout', { text: 'abc' }, headers)).body).toEqual({
      text: 'ABC',
      requestId: 'r1',
    });
  });

  it('may be the ValidationPipe, which checks and transforms by the types of the method', async () => {
    const app = await startApp(adapter, {
      controllers: [Typed, PipedMethods],
      setUp: (nest) =>
        nest.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true })),
    });
    expect(await app.post('/typed', { text: 'a', count: '7', more: 1 }, headers)).toMatchObject({
      status: 200,
      body: { text: 'a', count: 7, isInput: true, requestId: 'r1' },
    });
    const refused = await app.post('/typed', { text: 1, count: 11 });
    expect(refused).toMatchObject({ status: 400, body: { code: 'INVALID_ARGUMENT' } });
    expect(refused.body.error).toContain('text must be a string');
    expect(refused.body.error).toContain('count must not be greater than 10');
  });
});
