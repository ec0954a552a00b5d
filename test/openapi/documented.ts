import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';

/** A document of OpenAPI 3.1, and ajv's word on what is in its schemas. */
export class Documented {
  readonly paths: Record<string, any>;
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false });
  readonly #validators = new Map<string, ValidateFunction>();

  constructor(app: INestApplication) {
    const config = new DocumentBuilder().setOpenAPIVersion('3.1.0').addBearerAuth().build();
    const document = SwaggerModule.createDocument(app, config);
    this.paths = document.paths;
    this.#ajv.addSchema({ $id: 'document', ...document });
  }

  /**
   * @param place the keys below `paths` that lead to what has the schema
   * @returns what is wrong with a value, or `undefined`
   */
  complaints(value: unknown, ...place: string[]): string | undefined {
    const pointer = ['paths', ...place, 'schema'].map((key) =>
      encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1')),
    );
    const $ref = `document#/${pointer.join('/')}`;
    const validator = this.#validators.get($ref) ?? this.#ajv.compile({ $ref });
    this.#validators.set($ref, validator);
    return validator(value) ? undefined : this.#ajv.errorsText(validator.errors);
  }
}
