import { Module } from '@nestjs/common';
import { ModelServingModule } from 'nestjs-model-serving';
import { LanguageClassifier } from './language-classifier.js';
import { LanguageDetector } from './language-detector.js';

@Module({
  imports: [ModelServingModule.forRoot()],
  controllers: [LanguageClassifier],
  providers: [LanguageDetector],
})
export class AppModule {}
