import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { AppPackage } from '../../cache/app-name.js';
import { completeDocumentsOf } from '../complete-documents.js';
import { streamReader } from './stream-reader.js';

type DocumentConfig = Omit<OpenAPIObject, 'paths'>;

/** Begins a document with what the app's package.json says of it. */
export function beginDocument({ name = 'API', version, description }: AppPackage): DocumentConfig {
  return new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(name)
    .setVersion(version ?? '1.0.0')
    .setDescription(description ?? '')
    .build();
}

/**
 * Serves Swagger UI with the app's document, endpoints described, which is made at the first request for it. To be called
 * before the app's own routes are made.
 *
 * @param config as `DocumentBuilder` builds it
 */
export function openDocumentationPage(app: INestApplication, path: string, config: object): void {
  const begun = config as DocumentConfig;
  completeDocumentsOf(app);
  SwaggerModule.setup(path, app, () => SwaggerModule.createDocument(app, begun), {
    customSiteTitle: begun.info.title,
    swaggerOptions: {
      plugins: [streamReader],
      // The badge would send the address of the document to somebody else's server.
      validatorUrl: null,
    },
  });
}
