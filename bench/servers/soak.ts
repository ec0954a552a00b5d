import { setImmediate as turn } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import {
  InvalidRequest,
  ModelEndpoint,
  ModelServingModule,
  protobufSchema,
} from 'nestjs-model-serving';
import { classify, type ClassifyRequest, type ClassifyResponse } from './answer.js';
import { listen } from './listen.js';

const schema = protobufSchema<ClassifyRequest, ClassifyResponse>(
  'examples/language-detection/language-detection.proto',
);

@ModelEndpoint('/plain', schema)
class Plain {
  predict(input: ClassifyRequest): ClassifyResponse {
    return classify(input);
  }
}

@ModelEndpoint('/schemaless')
class Schemaless {
  predict(input: ClassifyRequest): ClassifyResponse {
    return classify(input);
  }
}

@ModelEndpoint('/waiting', schema)
class Waiting {
  async predict(input: ClassifyRequest): Promise<ClassifyResponse> {
    await turn();
    return classify(input);
  }
}

@ModelEndpoint('/cached', schema, { cache: true })
class Cached {
  predict(input: ClassifyRequest): ClassifyResponse {
    return classify(input);
  }
}

@ModelEndpoint('/batched', schema, { batch: { maxSize: 32, maxDelay: 0 } })
class Batched {
  async predict(inputs: ClassifyRequest[]): Promise<ClassifyResponse[]> {
    await turn();
    return inputs.map(classify);
  }
}

/** Poisoned items: a batch that throws is run again one by one. */
@ModelEndpoint('/refusing', schema, { batch: { maxSize: 32 } })
class Refusing {
  async predict(inputs: ClassifyRequest[]): Promise<ClassifyResponse[]> {
    await turn();
    if (inputs.some(({ title }) => title === 'poison')) throw new InvalidRequest('poison');
    return inputs.map(classify);
  }
}

@Module({
  imports: [ModelServingModule.forRoot()],
  controllers: [Plain, Schemaless, Waiting, Cached, Batched, Refusing],
})
class AppModule {}

await listen(AppModule);
