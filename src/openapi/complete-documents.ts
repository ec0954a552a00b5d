import type { INestApplication } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { SwaggerModule, type SwaggerDocumentOptions } from '@nestjs/swagger';
import { describeEndpoints } from './describe-endpoints.js';
import type { Document } from './document.js';
import { plansOf } from './endpoint-plans.js';
import { withMarks } from './mark.js';

type CreateDocument = typeof SwaggerModule.createDocument;

const COMPLETES = Symbol.for('nestjs-model-serving:completes-documents');

/** What a module has that switches the descriptions on, for the apps that import it. */
export const DESCRIBES = Symbol.for('nestjs-model-serving:describes-endpoints');

/** Apps that are described though they do not import the module. */
const asked = new WeakSet<INestApplication>();

/** Describes the endpoints of an app in its documents, whatever it imports. */
export function completeDocumentsOf(app: INestApplication): void {
  asked.add(app);
  completeDocuments();
}

/**
 * Takes the place of `SwaggerModule.createDocument`, once in a process: nothing else of @nestjs/swagger
 * sees both an app and the version of the document that is made of it.
 */
export function completeDocuments(): void {
  const original = SwaggerModule.createDocument as CreateDocument & { [COMPLETES]?: true };
  if (original[COMPLETES]) return;
  const createDocument: CreateDocument = (app, config, options) => {
    if (!isDescribed(app)) return original.call(SwaggerModule, app, config, options);
    const plans = plansOf(app);
    const document = withMarks(plans, () => original.call(SwaggerModule, app, config, options));
    describeEndpoints(document as unknown as Document, plans, namesOperations(options));
    return document;
  };
  SwaggerModule.createDocument = Object.assign(createDocument, { [COMPLETES]: true });
}

function isDescribed(app: INestApplication): boolean {
  if (asked.has(app)) return true;
  return [...app.get(ModulesContainer).values()].some(
    ({ metatype }) => metatype !== undefined && DESCRIBES in metatype,
  );
}

function namesOperations(options?: SwaggerDocumentOptions): boolean {
  return options?.operationIdFactory !== undefined;
}
