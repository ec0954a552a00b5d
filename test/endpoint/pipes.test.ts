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
import { CapturedLog } from '../http/captured-log.js';
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

const seenBy = (input: Input, { requestId }: PredictContext) => ({
  ...input,
  isInput: input instanceof Input,
  requestId,
});

@ModelEndpoint('/dto')
class TypedClass {
  predict(@Body() input: Input, context: PredictContext) {
    return seenBy(input, context);
  }
}

@ModelEndpoint('/dto')
class PipedOnMethod {
  @UsePipes(new ValidationPipe({ transform: true }))
  predict(input: Input, context: PredictContext) {
    return seenBy(input, context);
  }
}

@ModelEndpoint('/dto')
class PipedOnParameter {
  predict(@Body(new ValidationPipe({ transform: true })) input: Input, context: PredictContext) {
    return seenBy(input, context);
  }
}

@ModelEndpoint('/untyped')
class Untyped {
  predict(input: Input) {
    return input;
  }
}

@ModelEndpoint('/field')
class OneField {
  predict(@Body('text') text: string) {
    return { text };
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

  it.each([TypedClass, PipedOnMethod, PipedOnParameter])(
    'check the DTO of the class form: %o',
    async (controller) => {
      const app = await startApp(adapter, {
        controllers: [controller],
        setUp: (nest) =>
          nest.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true })),
      });
      expect(await app.post('/dto', { text: 'a', count: '7', more: 1 }, headers)).toMatchObject({
        status: 200,
        body: { text: 'a', count: 7, isInput: true, requestId: 'r1' },
      });
      const refused = await app.post('/dto', { text: 1, count: 11 });
      expect(refused).toMatchObject({ status: 400, body: { code: 'INVALID_ARGUMENT' } });
      expect(refused.body.error).toContain('text must be a string');
    },
  );

  it('of a parameter may check it without others of the app', async () => {
    const app = await startApp(adapter, { controllers: [PipedOnParameter] });
    expect((await app.post('/dto', { text: 'a', count: 7 })).body.isInput).toBe(true);
    expect((await app.post('/dto', { text: 1, count: 7 })).status).toBe(400);
  });

  it('may be absent where a parameter takes one field of the body', async () => {
    const app = await startApp(adapter, { controllers: [OneField] });
    expect((await app.post('/field', { text: 'a', count: 7 })).body).toEqual({ text: 'a' });
  });

  it('that cannot see the type of the input are named in the log', async () => {
    const log = new CapturedLog();
    await startApp(adapter, {
      controllers: [Untyped, TypedClass],
      setUp: (nest) => {
        log.attach(nest);
        nest.useGlobalPipes(new ValidationPipe());
      },
    });
    const warnings = log.lines.filter(({ text }) => text.includes('write @Body()'));
    expect(warnings.map(({ level, text }) => [level, /\w+: the/.exec(text)?.[0]])).toEqual([
      ['warn', 'Untyped: the'],
    ]);
  });
});
