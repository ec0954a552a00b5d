import { ModelServingModule } from 'nestjs-model-serving';
import { createClient } from 'nestjs-model-serving/client';
import { JobsModule } from 'nestjs-model-serving/jobs';
import { OpenInferenceModule } from 'nestjs-model-serving/open-inference';
import { predictContext } from 'nestjs-model-serving/testing';

// What needs no optional package to work needs none to compile or to be loaded.
ModelServingModule.forRoot();
JobsModule.forRoot({ connection: 'memory' });
OpenInferenceModule.forRoot();
predictContext();
createClient('http://localhost');
