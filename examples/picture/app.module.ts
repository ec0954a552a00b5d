import { Module } from '@nestjs/common';
import { ModelServingModule } from 'nestjs-model-serving';
import { PictureClassifier } from './picture-classifier.js';
import { PictureModel } from './picture-model.js';

@Module({
  imports: [ModelServingModule.forRoot()],
  controllers: [PictureClassifier],
  providers: [PictureModel],
})
export class AppModule {}
