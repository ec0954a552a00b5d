import { Injectable, Module } from '@nestjs/common';
import { ModelEndpoint, ModelServingModule, protobufSchema } from 'nestjs-model-serving';
import { OnnxModel } from 'nestjs-model-serving/onnx';
import { listen } from './listen.js';

interface PerceptronRequest {
  features?: number[];
}

interface PerceptronResponse {
  scores: Float32Array;
}

const schema = protobufSchema<PerceptronRequest, PerceptronResponse>(
  'bench/workload/perceptron.proto',
);

@Injectable()
class Perceptron extends OnnxModel<{ scores: 'float32' }> {
  constructor() {
    super(process.env.MODEL!, { session: { intraOpNumThreads: 1 }, clientInput: true });
  }
}

@ModelEndpoint('/batched', schema, { batch: { maxSize: 32, maxDelay: 0 } })
class BatchedEndpoint {
  constructor(private readonly model: Perceptron) {}

  predict(inputs: PerceptronRequest[]): Promise<(PerceptronResponse | Error)[]> {
    return this.model.runBatch(inputs.map(({ features = [] }) => ({ features })));
  }
}

@ModelEndpoint('/single', schema)
class SingleEndpoint {
  constructor(private readonly model: Perceptron) {}

  async predict({ features = [] }: PerceptronRequest): Promise<PerceptronResponse> {
    const { scores } = await this.model.run({ features });
    return { scores: scores.data };
  }
}

@Module({
  imports: [ModelServingModule.forRoot()],
  controllers: [BatchedEndpoint, SingleEndpoint],
  providers: [Perceptron],
})
class AppModule {}

await listen(AppModule);
