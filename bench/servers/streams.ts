import { Module } from '@nestjs/common';
import { ModelEndpoint, ModelServingModule } from '../../src/index.js';
import { items } from '../workload/items.mjs';
import { listen } from './listen.js';

@ModelEndpoint('/items', undefined, { stream: true, timeout: 600_000 })
class Items {
  predict(input: { count: number; size: number }) {
    return items(input);
  }
}

@Module({ imports: [ModelServingModule.forRoot()], controllers: [Items] })
class StreamsModule {}

await listen(StreamsModule);
