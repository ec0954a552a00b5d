import { setImmediate as turn } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import {
  InvalidRequest,
  ModelEndpoint,
  ModelServingModule,
  protobufSchema,
  type PredictContext,
} from 'nestjs-model-serving';
import { OnnxModel } from 'nestjs-model-serving/onnx';
import { ThreadedModel } from 'nestjs-model-serving/threads';
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

@Injectable()
class ClassifierThread extends ThreadedModel<ClassifyRequest, ClassifyResponse> {
  constructor() {
    super(new URL('./classify.worker.js', import.meta.url), { maxThreads: 1 });
  }
}

@ModelEndpoint('/threaded', schema)
class Threaded {
  constructor(private readonly thread: ClassifierThread) {}

  predict(input: ClassifyRequest, { signal }: PredictContext): Promise<ClassifyResponse> {
    return this.thread.run(input, { signal });
  }
}

@Injectable()
class Perceptron extends OnnxModel<{ scores: 'float32' }> {
  constructor() {
    super(process.env.MODEL!, { session: { intraOpNumThreads: 1 } });
  }
}

@ModelEndpoint('/onnx', protobufSchema('bench/workload/perceptron.proto'), {
  batch: { maxSize: 32 },
})
class Onnx {
  constructor(private readonly model: Perceptron) {}

  predict(inputs: { features?: number[] }[]): Promise<({ scores: Float32Array } | Error)[]> {
    return this.model.runBatch(inputs.map(({ features = [] }) => ({ features })));
  }
}

@Module({
  imports: [ModelServingModule.forRoot()],
  controllers: [Plain, Schemaless, Waiting, Cached, Batched, Refusing, Threaded, Onnx],
  providers: [ClassifierThread, Perceptron],
})
class AppModule {}

await listen(AppModule);
