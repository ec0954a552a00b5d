import { InvalidRequest, ModelEndpoint, protobufSchema } from 'nestjs-model-serving';
import { LanguageDetector } from './language-detector.js';

/** `Request` of language-detection.proto. */
export interface ClassifyRequest {
  title?: string;
  body?: string;
  enrichments?: string[];
}

/** `Response` of language-detection.proto. */
export interface ClassifyResponse {
  language: string;
  confidence: number;
  version: string;
}

export const languageSchema = protobufSchema<ClassifyRequest, ClassifyResponse>(
  new URL('./language-detection.proto', import.meta.url),
);

/** The endpoint: turns a request into the model's input, and its output into the answer. */
@ModelEndpoint('/', languageSchema, { version: LanguageDetector.version })
export class LanguageClassifier {
  constructor(private readonly detector: LanguageDetector) {}

  predict({ title, body, enrichments = [] }: ClassifyRequest): ClassifyResponse {
    const text = [title, body, ...enrichments].join(' ').trim();
    if (!text) throw new InvalidRequest('Missing text');
    return { ...this.detector.detect(text), version: LanguageDetector.version };
  }
}
