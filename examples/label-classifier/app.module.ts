import { Module } from '@nestjs/common';
import { ModelServingModule } from 'nestjs-model-serving';
import { LabelClassifier } from './label-classifier.js';
import { LabelModel } from './label-model.js';

@Module({
  // Comparing takes time in proportion to the text, so a request has to be a small one: 64 KiB.
  imports: [ModelServingModule.forRoot({ defaults: { bodyLimit: 64 * 1024 } })],
  controllers: [LabelClassifier],
  providers: [LabelModel],
})
export class AppModule {}
