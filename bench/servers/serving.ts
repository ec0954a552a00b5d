import { Module } from '@nestjs/common';
import { ModelEndpoint, ModelServingModule, protobufSchema } from 'nestjs-model-serving';
import { classify, type ClassifyRequest, type ClassifyResponse } from './answer.js';
import { guards } from './guard.js';
import { listen } from './listen.js';

const schema = protobufSchema<ClassifyRequest, ClassifyResponse>(
  'examples/language-detection/language-detection.proto',
);

@ModelEndpoint('/classify', schema)
class Classifier {
  predict(input: ClassifyRequest): ClassifyResponse {
    return classify(input);
  }
}

// `shared` says that all whom the guard lets in may get the same answers; without a guard it is idle.
@ModelEndpoint('/cached', schema, { cache: { shared: true } })
class CachedClassifier {
  predict(input: ClassifyRequest): ClassifyResponse {
    return classify(input);
  }
}

@ModelEndpoint('/batched', schema, { batch: { maxSize: 32, maxDelay: 0 } })
class BatchedClassifier {
  predict(inputs: ClassifyRequest[]): ClassifyResponse[] {
    return inputs.map(classify);
  }
}

@Module({
  imports: [ModelServingModule.forRoot()],
  controllers: [Classifier, CachedClassifier, BatchedClassifier],
  providers: guards,
})
class AppModule {}

await listen(AppModule);
