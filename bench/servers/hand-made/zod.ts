import {
  Body,
  Controller,
  HttpCode,
  Module,
  Post,
  SerializeOptions,
  StandardSchemaSerializerInterceptor,
  StandardSchemaValidationPipe,
  UseInterceptors,
} from '@nestjs/common';
import { CacheInterceptor, CacheKey, CacheModule } from '@nestjs/cache-manager';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { z } from 'zod';
import { classify } from '../answer.js';
import { listen } from '../listen.js';
import { bodyKey } from './cache-key.js';
import { DurationInterceptor, durationProvider } from './duration.interceptor.js';

const Request = z.strictObject({
  title: z.string().optional(),
  body: z.string().optional(),
  enrichments: z.array(z.string()).optional(),
});

const Response = z.strictObject({
  language: z.string(),
  confidence: z.number(),
  version: z.string(),
});

@Controller('classify')
@UseInterceptors(DurationInterceptor)
class Classifier {
  @Post()
  @HttpCode(200)
  @CacheKey(bodyKey)
  @SerializeOptions({ schema: Response })
  classify(@Body({ schema: Request }) body: z.infer<typeof Request>): z.infer<typeof Response> {
    return classify(body);
  }
}

if (process.env.CACHE) UseInterceptors(CacheInterceptor)(Classifier);
UseInterceptors(StandardSchemaSerializerInterceptor)(Classifier);

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
  app.useGlobalPipes(new StandardSchemaValidationPipe());
});
