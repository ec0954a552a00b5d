import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common';
import { classify, type ClassifyRequest, type ClassifyResponse } from './answer.js';
import { guards } from './guard.js';
import { listen } from './listen.js';

@Controller('classify')
class Bare {
  @Post()
  @HttpCode(200)
  classify(@Body() body: ClassifyRequest): ClassifyResponse {
    return classify(body);
  }
}

@Module({ controllers: [Bare], providers: guards })
class AppModule {}

await listen(AppModule);
