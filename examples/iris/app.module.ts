import { Module } from '@nestjs/common';
import { ModelServingModule } from 'nestjs-model-serving';
import { IrisClassifier } from './iris-classifier.js';
import { IrisModel } from './iris-model.js';

@Module({
  imports: [ModelServingModule.forRoot()],
  controllers: [IrisClassifier],
  providers: [IrisModel],
})
export class AppModule {}
