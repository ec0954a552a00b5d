import { Module } from '@nestjs/common';
import { ModelServingModule } from 'nestjs-model-serving';
import { GrpcModule } from 'nestjs-model-serving/grpc';
import { OpenInferenceModule } from 'nestjs-model-serving/open-inference';
import { IrisClassifier } from './iris-classifier.js';
import { IrisModel } from './iris-model.js';

@Module({
  imports: [ModelServingModule.forRoot(), GrpcModule.forRoot(), OpenInferenceModule.forRoot()],
  controllers: [IrisClassifier],
  providers: [IrisModel],
})
export class AppModule {}
