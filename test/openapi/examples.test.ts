import SwaggerParser from '@apidevtools/swagger-parser';
import { Module, type Type } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { OpenApiModule } from 'nestjs-model-serving/openapi';
import { readdirSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createExample } from '../examples/example-app.js';

const EXAMPLES = readdirSync(new URL('../../examples/', import.meta.url));

describe.each(EXAMPLES)('The document of the example %s', (example) => {
  it('is valid in both versions', async () => {
    const { AppModule } = (await import(`../../examples/${example}/app.module.ts`)) as {
      AppModule: Type;
    };
    @Module({ imports: [AppModule, OpenApiModule] })
    class DocumentedModule {}

    const app = await createExample(DocumentedModule, 'express');
    onTestFinished(() => app.close());
    for (const version of ['3.0.0', '3.1.0']) {
      const config = new DocumentBuilder().setTitle(example).setOpenAPIVersion(version).build();
      const document = SwaggerModule.createDocument(app, config);
      const [path] = Object.keys(document.paths);
      expect(document.paths[path!]!.post!.responses).toHaveProperty('504');
      await SwaggerParser.validate(structuredClone(document) as never);
    }
  });
});
