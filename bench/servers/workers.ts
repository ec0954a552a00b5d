import { Module } from '@nestjs/common';
import { ModelEndpoint, ModelServingModule, protobufSchema, serve } from 'nestjs-model-serving';
import { classify, type ClassifyRequest, type ClassifyResponse } from './answer.js';

@ModelEndpoint(
  '/classify',
  protobufSchema<ClassifyRequest, ClassifyResponse>(
    'examples/language-detection/language-detection.proto',
  ),
)
class Classifier {
  predict(input: ClassifyRequest): ClassifyResponse {
    return classify(input);
  }
}

@Module({ imports: [ModelServingModule.forRoot()], controllers: [Classifier] })
class AppModule {}

// PORT, WORKERS and HTTP_ADAPTER come from the environment.
await serve(AppModule, { host: '127.0.0.1', logLevel: 'fatal' });
