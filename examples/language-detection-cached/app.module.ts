import { Module } from '@nestjs/common';
import { ModelServingModule } from 'nestjs-model-serving';
import { LanguageDetector } from '../language-detection/language-detector.js';
import { CachedLanguageClassifier } from './cached-language-classifier.js';

@Module({
  imports: [ModelServingModule.forRoot()],
  controllers: [CachedLanguageClassifier],
  providers: [LanguageDetector],
})
export class AppModule {}
