import { Module } from '@nestjs/common';
import { ModelServingModule } from 'nestjs-model-serving';
import { LanguageDetector } from '../language-detection/language-detector.js';
import { CachedLanguageClassifier } from '../language-detection-cached/cached-language-classifier.js';
import { cacheStore } from './cache-store.js';

@Module({
  imports: [
    ModelServingModule.forRootAsync({
      useFactory: () => ({ cache: { stores: [cacheStore(process.env)] } }),
    }),
  ],
  controllers: [CachedLanguageClassifier],
  providers: [LanguageDetector],
})
export class AppModule {}
