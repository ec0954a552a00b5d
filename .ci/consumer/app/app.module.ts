import {
  Injectable,
  Module,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type OnModuleDestroy,
} from '@nestjs/common';
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

export const greetSchema = protobufSchema<GreetRequest, GreetResponse>('greeting.proto');

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

@ModelEndpoint('/greet', greetSchema, { cache: true, warmup: [{ name: 'nobody' }] })
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

/** Bound as a class, so that Nest has to find it among the app's providers. */
@Injectable()
export class KeyGuard implements CanActivate {
  constructor(private readonly greetings: Greetings) {}

  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    return headers['x-key'] === this.greetings.to('key');
  }
}

@UseGuards(KeyGuard)
@ModelEndpoint('/double')
export class Doubler {
  predict({ x }: { x: number }): { x: number } {
    return { x: 2 * x };
  }
}

@Module({
  imports: [ModelServingModule.forRoot()],
  controllers: [Greeter, Doubler],
  providers: [Greetings],
})
export class AppModule {}
