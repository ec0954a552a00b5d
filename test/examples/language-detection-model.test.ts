import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { LanguageDetector } from '../../examples/language-detection/language-detector.js';

const SENTENCES = {
  de: [
    'Guten Morgen',
    'Wo ist der Bahnhof?',
    'Das Wetter wird morgen schlechter.',
    'Die Regierung hat am Mittwoch einen neuen Haushalt beschlossen.',
  ],
  es: [
    'Buenos días',
    '¿Dónde está la estación?',
    'Mañana hará peor tiempo.',
    'El gobierno aprobó el miércoles un nuevo presupuesto.',
  ],
  ru: [
    'Доброе утро',
    'Где находится вокзал?',
    'Завтра погода ухудшится.',
    'Правительство приняло в среду новый бюджет.',
  ],
  ja: [
    'おはようございます',
    '駅はどこですか。',
    '明日は天気が悪くなります。',
    '政府は水曜日に新しい予算を承認した。',
  ],
};

describe('LanguageDetector', () => {
  const detector = new LanguageDetector();
  beforeAll(() => detector.onModuleInit());

  it.each(Object.entries(SENTENCES))('knows %s, short and long', (language, sentences) => {
    for (const sentence of sentences) {
      const detection = detector.detect(sentence);
      expect(detection, sentence).toMatchObject({ language });
      expect(detection.confidence, sentence).toBeGreaterThan(0.5);
      expect(detection.confidence, sentence).toBeLessThanOrEqual(1);
    }
  });

  it('says und, with no confidence, of a text in no language', () => {
    expect(detector.detect('12345 ?!')).toEqual({ language: 'und', confidence: 0 });
  });

  it('names the version of the package that is installed', () => {
    const manifest = new URL('../../node_modules/eld/package.json', import.meta.url);
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    expect(LanguageDetector.version).toBe(`eld-${version}-medium`);
  });
});
