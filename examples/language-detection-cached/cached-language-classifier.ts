import { ModelEndpoint } from 'nestjs-model-serving';
import { LanguageClassifier } from '../language-detection/language-classifier.js';
import { languageDetectionSchema } from '../language-detection/language-detection.proto.js';
import { LanguageDetector } from '../language-detection/language-detector.js';

/** The same endpoint, answering a request it has seen without asking the model again. */
@ModelEndpoint('/', languageDetectionSchema, { cache: true, version: LanguageDetector.version })
export class CachedLanguageClassifier extends LanguageClassifier {}
