import { Module } from '@nestjs/common';
import {
  InvalidRequest,
  ModelEndpoint,
  ModelServingModule,
  protobufSchema,
  serve,
  type PredictContext,
} from 'nestjs-model-serving';
import { OnnxModel } from 'nestjs-model-serving/onnx';
import { ThreadedModel } from 'nestjs-model-serving/threads';

interface GreetRequest {
  name?: string;
}

interface GreetResponse {
  greeting: string;
}

const schema = protobufSchema<GreetRequest, GreetResponse>(
  new URL('../greeting.proto', import.meta.url),
);

@ModelEndpoint('/greet', schema, { cache: true, warmup: [{ name: 'nobody' }] })
class Greeter {
  predict({ name }: GreetRequest, context: PredictContext): GreetResponse {
    if (!name) throw new InvalidRequest('Missing name');
    context.log.debug(`greeting ${name}`);
    return { greeting: `Hello, ${name}` };
  }
}

@Module({ imports: [ModelServingModule.forRoot()], controllers: [Greeter] })
class AppModule {}

for (const runtime of [OnnxModel, ThreadedModel]) {
  if (typeof runtime !== 'function') throw new Error('A runtime is missing');
}
const app = await serve(AppModule, { host: '127.0.0.1' });
console.log(await app?.getUrl());
