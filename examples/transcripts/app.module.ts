import { Module } from '@nestjs/common';
import { ModelServingModule } from 'nestjs-model-serving';
import { JobsModule } from 'nestjs-model-serving/jobs';
import { PageController } from './page.controller.js';
import { Summariser } from './summariser.js';
import { TextRank } from './text-rank.js';

@Module({
  imports: [
    ModelServingModule.forRoot(),
    JobsModule.forRoot({ connection: process.env.REDIS_URL ?? 'memory' }),
  ],
  controllers: [Summariser, PageController],
  providers: [TextRank],
})
export class AppModule {}
