import { Module } from '@nestjs/common';
import { ModelServingModule } from 'nestjs-model-serving';
import { MarkovModel } from './markov-model.js';
import { PageController } from './page.controller.js';
import { StoryTeller } from './story-teller.js';

@Module({
  imports: [ModelServingModule.forRoot()],
  controllers: [StoryTeller, PageController],
  providers: [MarkovModel],
})
export class AppModule {}
