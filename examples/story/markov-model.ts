import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { Injectable, type OnModuleInit } from '@nestjs/common';

/** A text of this repository, by its path from the working directory. */
const TEXT = 'docs/architecture.md';

/** A word takes as long as one of a large model's would. */
const MILLISECONDS_A_WORD = 25;

/** Knows of each word which others have come after it, and how often: it says what might come next. */
@Injectable()
export class MarkovModel implements OnModuleInit {
  readonly #followers = new Map<string, string[]>();
  #first: string[] = [];

  async onModuleInit(): Promise<void> {
    this.#learn(await readFile(TEXT, 'utf8'));
  }

  /** Speaks for so many words, and stops in the middle of one where the signal says so. */
  async *speak(prompt: string, count: number, signal: AbortSignal): AsyncGenerator<string> {
    let word = prompt.split(/\s+/).at(-1)!;
    for (let said = 0; said < count; said++) {
      await setTimeout(MILLISECONDS_A_WORD, undefined, { signal });
      word = oneOf(this.#followers.get(word) ?? this.#first);
      yield word;
    }
  }

  #learn(markdown: string): void {
    // Sentences only: no headings, tables or code.
    const lines = markdown.split('\n').filter((line) => /^[A-Z].* .*\.$/.test(line));
    for (const words of lines.map((line) => line.replaceAll(/[*`]/g, '').split(' '))) {
      this.#first.push(words[0]!);
      for (const [i, word] of words.slice(0, -1).entries()) {
        const followers = this.#followers.get(word) ?? [];
        this.#followers.set(word, [...followers, words[i + 1]!]);
      }
    }
  }
}

function oneOf(words: readonly string[]): string {
  return words[Math.floor(Math.random() * words.length)]!;
}
