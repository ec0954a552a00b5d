import { Injectable, Module } from '@nestjs/common';
import { ModelEndpoint, ModelServingModule, protobufSchema } from 'nestjs-model-serving';
import { OnnxModel } from 'nestjs-model-serving/onnx';
import { listen } from './listen.js';

interface ModelRequest {
  features?: number[];
}

interface ModelResponse {
  scores: Float32Array;
}

const schema = protobufSchema<ModelRequest, ModelResponse>('bench/workload/perceptron.proto');
const threads = Number(process.env.THREADS);

@Injectable()
class Model extends OnnxModel<{ scores: 'float32' }> {
  constructor() {
    super(process.env.MODEL!, { threads, session: { intraOpNumThreads: 1 }, clientInput: true });
  }
}

@ModelEndpoint('/run', schema, { maxConcurrency: Math.max(1, threads) })
class Endpoint {
  constructor(private readonly model: Model) {}

  async predict({ features = [] }: ModelRequest): Promise<ModelResponse> {
    const { scores } = await this.model.run({ features });
    return { scores: scores.data };
  }
}

@Module({
  imports: [ModelServingModule.forRoot()],
  controllers: [Endpoint],
  providers: [Model],
})
class AppModule {}

await listen(AppModule);
