import {
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { InjectMetric, makeHistogramProvider } from '@willsoto/nestjs-prometheus';
import type { Histogram } from 'prom-client';
import { tap, type Observable } from 'rxjs';

const NAME = 'request_duration_seconds';

export const durationProvider = makeHistogramProvider({
  name: NAME,
  help: 'Duration of a request',
  labelNames: ['endpoint', 'method', 'status'],
});

@Injectable()
export class DurationInterceptor implements NestInterceptor {
  constructor(
    @InjectMetric(NAME)
    private readonly duration: Histogram<'endpoint' | 'method' | 'status'>,
  ) {}

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const stop = this.duration.startTimer({ endpoint: '/classify', method: 'POST' });
    return next
      .handle()
      .pipe(tap({ next: () => stop({ status: '200' }), error: () => stop({ status: '500' }) }));
  }
}
