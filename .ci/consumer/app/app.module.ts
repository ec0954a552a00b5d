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
  type PredictContext,
} from 'nestjs-model-serving';
import { GrpcModule } from 'nestjs-model-serving/grpc';
import { JobsModule } from 'nestjs-model-serving/jobs';
import { OpenInferenceModule } from 'nestjs-model-serving/open-inference';
import { OpenApiModule } from 'nestjs-model-serving/openapi';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { greetSchema, type RequestInput, type ResponseOutput } from './greeting.proto.js';

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

@ModelEndpoint('/greet', greetSchema, {
  cache: true,
  jobs: true,
  warmup: [{ name: 'nobody' }],
})
export class Greeter {
  readonly #greetings: Greetings;

  constructor(greetings: Greetings) {
    this.#greetings = greetings;
  }

  async predict({ name }: RequestInput, context: PredictContext): Promise<ResponseOutput> {
    if (!name) throw new InvalidRequest('Missing name');
    context.log.debug(`greeting ${name}`);
    if (name === 'the last') {
      console.log('held');
      await once(process, 'SIGTERM');
      // A model that does not wait for its calls is released by now.
      await setTimeout(50);
    }
    return { greeting: this.#greetings.to(name) };
  }
}

/** Bound as a class, so that Nest has to find it among the app's providers. */
@Injectable()
export class KeyGuard implements CanActivate {
  readonly #greetings: Greetings;

  constructor(greetings: Greetings) {
    this.#greetings = greetings;
  }

  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    return headers['x-key'] === this.#greetings.to('key');
  }
}

@UseGuards(KeyGuard)
@ModelEndpoint('/double')
export class Doubler {
  predict({ x }: { x: number }): { x: number } {
    return { x: 2 * x };
  }
}

/** Bun's HTTP server shares its port with nobody. */
const grpc = 'bun' in process.versions ? { port: 0, host: '127.0.0.1' } : {};

@Module({
  imports: [
    ModelServingModule.forRoot(),
    GrpcModule.forRoot(grpc),
    JobsModule.forRoot({ connection: 'memory' }),
    OpenInferenceModule.forRoot(),
    OpenApiModule,
  ],
  controllers: [Greeter, Doubler],
  providers: [Greetings],
})
export class AppModule {}
