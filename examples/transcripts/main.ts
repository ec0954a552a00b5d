import { serve } from 'nestjs-model-serving';
import { AppModule } from './app.module.js';

await serve(AppModule);
