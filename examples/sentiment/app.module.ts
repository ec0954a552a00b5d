import { Module } from '@nestjs/common';
import { ModelServingModule } from 'nestjs-model-serving';
import { SentimentAnalyser } from './sentiment-analyser.js';
import { SentimentModel } from './sentiment-model.js';

@Module({
  imports: [ModelServingModule.forRoot()],
  controllers: [SentimentAnalyser],
  providers: [SentimentModel],
})
export class AppModule {}
