import { Injectable, Module, type OnModuleDestroy } from '@nestjs/common';
import {
  InvalidRequest,
  ModelEndpoint,
  ModelServingModule,
  protobufSchema,
  type PredictContext,
} from 'nestjs-model-serving';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';

interface GreetRequest {
  name?: string;
}

interface GreetResponse {
  greeting: string;
}

const schema = protobufSchema<GreetRequest, GreetResponse>('greeting.proto');

/** A model that cannot be used once it has been released. */
@Injectable()
export class Greetings implements OnModuleDestroy {
  #released = false;

  to(name: string): string {
    if (this.#released) throw new Error('The model has been released');
    return `Hello, ${name}`;
  }

  onModuleDestroy(): void {
    this.#released = true;
  }
}

@ModelEndpoint('/greet', schema, { cache: true, warmup: [{ name: 'nobody' }] })
export class Greeter {
  constructor(private readonly greetings: Greetings) {}

  async predict({ name }: GreetRequest, context: PredictContext): Promise<GreetResponse> {
    if (!name) throw new InvalidRequest('Missing name');
    context.log.debug(`greeting ${name}`);
    if (name === 'the last') {
      console.log('held');
      await once(process, 'SIGTERM');
      // A model that does not wait for its calls is released by now.
      await setTimeout(50);
    }
    return { greeting: this.greetings.to(name) };
  }
}

@Module({
  imports: [ModelServingModule.forRoot()],
  controllers: [Greeter],
  providers: [Greetings],
})
export class AppModule {}
