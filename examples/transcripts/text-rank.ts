import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';

const DAMPING = 0.85;
const ROUNDS = 30;

/** A sentence that others point to by the words they share. */
interface Sentence {
  readonly text: string;
  readonly words: ReadonlySet<string>;
  rank: number;
  next: number;
}

/**
 * TextRank: sentences that have words in common recommend one another, as pages that link do; those that are
 * recommended most say what a text says. Every sentence is compared with every other one, so that twice the
 * text takes four times as long.
 */
@Injectable()
export class TextRank {
  /** @param onProgress told of the part that is done, from 0 to 1 */
  async summarise(
    text: string,
    count: number,
    onProgress: (done: number) => void,
    signal: AbortSignal,
  ): Promise<string[]> {
    const sentences = sentencesOf(text);
    const links: Float32Array[] = [];
    for (const [i, one] of sentences.entries()) {
      // Others want the event loop, and somebody may not want the summary any more.
      await setImmediate();
      signal.throwIfAborted();
      onProgress(i / sentences.length);
      links.push(Float32Array.from(sentences.slice(0, i), (other) => similarity(one, other)));
    }
    rank(sentences, links);
    const best = new Set(sentences.toSorted((a, b) => b.rank - a.rank).slice(0, count));
    return sentences.filter((sentence) => best.has(sentence)).map((sentence) => sentence.text);
  }
}

function sentencesOf(text: string): Sentence[] {
  const texts = text.split(/(?<=[.!?])\s+/).filter((sentence) => /\w/.test(sentence));
  return texts.map((sentence) => ({
    text: sentence.trim(),
    words: new Set(sentence.toLowerCase().match(/\p{L}{3,}/gu)),
    rank: 1,
    next: 0,
  }));
}

function similarity({ words }: Sentence, other: Sentence): number {
  let shared = 0;
  for (const word of words) if (other.words.has(word)) shared++;
  return shared === 0 ? 0 : shared / (Math.log(words.size + 1) + Math.log(other.words.size + 1));
}

/** @param links how strongly each sentence is linked to each one before it */
function rank(sentences: Sentence[], links: readonly Float32Array[]): void {
  const sums = new Float64Array(sentences.length);
  forEachLink(links, (i, j, weight) => {
    sums[i]! += weight;
    sums[j]! += weight;
  });
  for (let round = 0; round < ROUNDS; round++) {
    for (const sentence of sentences) sentence.next = 1 - DAMPING;
    forEachLink(links, (i, j, weight) => {
      const [one, other] = [sentences[i]!, sentences[j]!];
      one.next += (DAMPING * other.rank * weight) / sums[j]!;
      other.next += (DAMPING * one.rank * weight) / sums[i]!;
    });
    for (const sentence of sentences) sentence.rank = sentence.next;
  }
}

function forEachLink(
  links: readonly Float32Array[],
  visit: (i: number, j: number, weight: number) => void,
): void {
  for (const [i, row] of links.entries()) {
    for (let j = 0; j < i; j++) if (row[j]! > 0) visit(i, j, row[j]!);
  }
}
