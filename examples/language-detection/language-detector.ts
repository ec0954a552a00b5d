import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { eld } from 'eld/medium';

export interface Detection {
  /** ISO 639-1, or `und` (ISO 639-2: undetermined) where the text is in no language known. */
  language: string;
  /** From 0 to 1. */
  confidence: number;
}

/** The model: an ordinary provider that loads its database while the app starts. */
@Injectable()
export class LanguageDetector implements OnModuleInit {
  static readonly version = 'eld-2.1.0-medium';

  #model!: typeof eld;

  async onModuleInit(): Promise<void> {
    ({ eld: this.#model } = await import('eld/medium'));
  }

  detect(text: string): Detection {
    const result = this.#model.detect(text);
    return {
      language: result.language || 'und',
      confidence: result.getScores()[result.language] ?? 0,
    };
  }
}
