import 'reflect-metadata';
import {
  Body,
  Controller,
  HttpCode,
  InternalServerErrorException,
  Module,
  Post,
  UseInterceptors,
  ValidationPipe,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { CacheInterceptor, CacheKey, CacheModule } from '@nestjs/cache-manager';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { plainToInstance } from 'class-transformer';
import { IsArray, IsNumber, IsOptional, IsString, validate } from 'class-validator';
import { mergeMap, type Observable } from 'rxjs';
import { classify } from '../answer.js';
import { listen } from '../listen.js';
import { bodyKey } from './cache-key.js';
import { DurationInterceptor, durationProvider } from './duration.interceptor.js';

class ClassifyRequest {
  @IsOptional() @IsString() title?: string;
  @IsOptional() @IsString() body?: string;
  @IsOptional() @IsString({ each: true }) @IsArray() enrichments?: string[];
}

class ClassifyResponse {
  @IsString() language!: string;
  @IsNumber() confidence!: number;
  @IsString() version!: string;
}

/** class-validator has no part for answers; this is the few lines its users write. */
class AnswerInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      mergeMap(async (answer: object) => {
        const errors = await validate(plainToInstance(ClassifyResponse, answer));
        if (errors.length > 0) throw new InternalServerErrorException();
        return answer;
      }),
    );
  }
}

@Controller('classify')
@UseInterceptors(DurationInterceptor)
class Classifier {
  @Post()
  @HttpCode(200)
  @CacheKey(bodyKey)
  classify(@Body() body: ClassifyRequest): ClassifyResponse {
    return classify(body);
  }
}

if (process.env.CACHE) UseInterceptors(CacheInterceptor)(Classifier);
UseInterceptors(AnswerInterceptor)(Classifier);

@Module({
  imports: [
    PrometheusModule.register({ path: '/metrics' }),
    CacheModule.register({ ttl: 300_000 }),
  ],
  controllers: [Classifier],
  providers: [durationProvider],
})
class AppModule {}

await listen(AppModule, (app) => {
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true }));
});
