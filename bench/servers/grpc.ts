import { Module } from '@nestjs/common';
import { ModelEndpoint, ModelServingModule, protobufSchema } from 'nestjs-model-serving';
import { GrpcModule } from 'nestjs-model-serving/grpc';
import { classify, type ClassifyRequest, type ClassifyResponse } from './answer.js';
import { listen } from './listen.js';

const schema = protobufSchema<ClassifyRequest, ClassifyResponse>('bench/workload/classify.proto', {
  rpc: 'Classifier.Classify',
});

@ModelEndpoint('/classify', schema)
class Classifier {
  predict(input: ClassifyRequest): ClassifyResponse {
    return classify(input);
  }
}

@Module({
  imports: [ModelServingModule.forRoot(), GrpcModule.forRoot()],
  controllers: [Classifier],
})
class AppModule {}

await listen(AppModule);
