import {
  Body,
  Controller,
  HttpCode,
  Module,
  Post,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { classify, type ClassifyRequest, type ClassifyResponse } from './answer.js';
import { listen } from './listen.js';

/** The least an interceptor can do: the floor of any design that has one. */
class NoOp implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle();
  }
}

@Controller('classify')
class Bare {
  @Post()
  @HttpCode(200)
  classify(@Body() body: ClassifyRequest): ClassifyResponse {
    return classify(body);
  }
}

if (process.env.INTERCEPTOR) UseInterceptors(NoOp)(Bare);

@Module({ controllers: [Bare] })
class AppModule {}

await listen(AppModule);
