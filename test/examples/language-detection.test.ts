import { describe, expect, it } from 'vitest';
import { AppModule } from '../../examples/language-detection/app.module.js';
import { LanguageDetector } from '../../examples/language-detection/language-detector.js';
import { ADAPTERS, startExample } from './example-app.js';

const ARTICLES = {
  de: {
    title: 'Neuer Haushalt beschlossen',
    body: 'Die Regierung hat am Mittwoch nach langen Verhandlungen einen neuen Haushalt beschlossen.',
  },
  es: {
    title: 'Aprobado el nuevo presupuesto',
    body: 'El gobierno aprobó el miércoles, tras largas negociaciones, un nuevo presupuesto.',
  },
  ru: {
    title: 'Принят новый бюджет',
    body: 'После долгих переговоров правительство приняло в среду новый бюджет страны.',
  },
  ja: {
    title: '新しい予算を承認',
    body: '政府は長い交渉の末、水曜日に新しい予算を承認した。',
  },
};

describe.each(ADAPTERS)('language-detection on %s', (adapter) => {
  it('tells the language of articles', async () => {
    const app = await startExample(AppModule, adapter);
    for (const [language, article] of Object.entries(ARTICLES)) {
      const { status, cache, body } = await app.post('/', article);
      expect({ status, cache, body }).toEqual({
        status: 200,
        cache: null,
        body: { language, confidence: expect.any(Number), version: LanguageDetector.version },
      });
      expect(body.confidence).toBeGreaterThan(0.5);
      expect(body.confidence).toBeLessThanOrEqual(1);
    }
  });

  it('takes a title, a body or enrichments alone', async () => {
    const app = await startExample(AppModule, adapter);
    for (const part of [
      { title: 'Wo ist der Bahnhof?' },
      { body: 'Das Wetter wird morgen schlechter.' },
      { title: '', enrichments: ['Ein Zug im Bahnhof', 'Reisende warten auf den Zug'] },
    ]) {
      const { status, body } = await app.post('/', part);
      expect({ status, language: body.language }).toEqual({ status: 200, language: 'de' });
    }
  });

  it('says und of a text without a language', async () => {
    const app = await startExample(AppModule, adapter);
    const { status, body } = await app.post('/', { title: '12345' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ language: 'und', confidence: 0 });
  });

  it('refuses a request without text', async () => {
    const app = await startExample(AppModule, adapter);
    for (const nothing of [{}, { title: '', body: '  ' }, { title: null, enrichments: [] }]) {
      const { status, body } = await app.post('/', nothing);
      expect(status).toBe(400);
      expect(body).toMatchObject({ error: 'Missing text', code: 'INVALID_ARGUMENT' });
    }
  });

  it('refuses what its schema does not know, and says where', async () => {
    const app = await startExample(AppModule, adapter);
    const { status, body } = await app.post('/', { title: 'Hallo', enrichments: ['Welt', 7] });
    expect(status).toBe(400);
    expect(body.details).toEqual([{ path: '$.enrichments[1]', message: expect.any(String) }]);
  });
});
