import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { appPackage } from '../../cache/app-name.js';
import { streamReader } from './stream-reader.js';

type DocumentConfig = Omit<OpenAPIObject, 'paths'>;

interface PageOptions {
  readonly path: string;
  readonly document?: object;
}

/**
 * Serves Swagger UI with the app's document, which is made at the first request for it. It is called
 * before the app's own routes are made.
 */
export function openDocumentationPage(
  app: INestApplication,
  { path, document = ofPackage() }: PageOptions,
): void {
  const config = document as DocumentConfig;
  SwaggerModule.setup(path, app, () => SwaggerModule.createDocument(app, config), {
    customSiteTitle: config.info.title,
    swaggerOptions: {
      plugins: [streamReader],
      // The badge would send the address of the document to somebody else's server.
      validatorUrl: null,
    },
  });
}

/** What an app's package.json says of it. */
function ofPackage(): DocumentConfig {
  const { name = 'API', version = '1.0.0', description = '' } = appPackage();
  return new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(name)
    .setVersion(version)
    .setDescription(description)
    .build();
}
