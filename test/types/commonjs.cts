import { createKeyv } from '@keyv/redis';
import { ModelServingModule } from 'nestjs-model-serving';

/** Compiled, never run: what CommonJS has of a package may be another copy than that of ES modules. */

ModelServingModule.forRoot({ cache: { stores: [createKeyv('redis://localhost:6379')] } });
