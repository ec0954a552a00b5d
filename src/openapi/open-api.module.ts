import { Module } from '@nestjs/common';
import { completeDocuments, DESCRIBES } from './complete-documents.js';

/**
 * Describes the app's endpoints in the documents that `SwaggerModule.createDocument(app, config)` makes:
 * bodies of every type that they take, answers, streams, errors, headers. What decorators of
 * @nestjs/swagger say of an endpoint stays as it is.
 *
 * Schemas are those of OpenAPI 3.0 by default, and whole JSON Schema after
 * `new DocumentBuilder().setOpenAPIVersion('3.1.0')`.
 *
 * @example
 * ```ts
 * @Module({
 *   imports: [ModelServingModule.forRoot(), OpenApiModule],
 *   controllers: [LanguageClassifier],
 * })
 * export class AppModule {}
 * ```
 */
@Module({})
export class OpenApiModule {
  /** @internal */
  static readonly [DESCRIBES] = true;

  constructor() {
    completeDocuments();
  }
}
