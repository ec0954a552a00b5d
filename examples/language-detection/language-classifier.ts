import { InvalidRequest, ModelEndpoint } from 'nestjs-model-serving';
import {
  languageDetectionSchema,
  type RequestInput,
  type ResponseOutput,
} from './language-detection.proto.js';
import { LanguageDetector } from './language-detector.js';

/** The endpoint: turns a request into the model's input, and its output into the answer. */
@ModelEndpoint('/', languageDetectionSchema, { version: LanguageDetector.version })
export class LanguageClassifier {
  constructor(private readonly detector: LanguageDetector) {}

  predict({ title, body, enrichments = [] }: RequestInput): ResponseOutput {
    const text = [title, body, ...enrichments].join(' ').trim();
    if (!text) throw new InvalidRequest('Missing text');
    return { ...this.detector.detect(text), version: LanguageDetector.version };
  }
}
