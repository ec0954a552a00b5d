// The model, as every worker thread runs it: scores the words of a text by a lexicon, in the light
// of the words around them, and forgives slips in spelling. It computes without a pause.
import { DEGREES, NEGATIONS, NO_SLIPS, PHRASES, WORDS } from './lexicon.mjs';

/** How many words back a negation reaches. */
const REACH = 3;
const LONGEST_PHRASE = Math.max(...[...PHRASES.keys()].map((phrase) => phrase.split(' ').length));
/** Shorter words differ from too many others by one letter. */
const SHORTEST_SLIP = 6;

/**
 * @param {string} text
 * @returns {{ score: number, sentences: { text: string, score: number }[] }} scores from -1 to 1
 */
export default function predict(text) {
  const sentences = (text.match(/[^.!?\n]+[.!?]*/g) ?? [])
    .map((sentence) => ({ text: sentence.trim(), words: wordsOf(sentence) }))
    .filter(({ words }) => words.length > 0)
    .map(({ text, words }) => ({ text, sum: sumOf(words) * (text.endsWith('!') ? 1.2 : 1) }));
  if (sentences.length === 0) {
    throw Object.assign(new Error('The text has no words'), { name: 'InvalidRequest' });
  }
  const total = sentences.reduce((sum, sentence) => sum + sentence.sum, 0);
  return {
    score: squash(total / Math.sqrt(sentences.length)),
    sentences: sentences.map(({ text, sum }) => ({ text, score: squash(sum) })),
  };
}

/** @param {string} sentence */
function wordsOf(sentence) {
  return (
    sentence
      .toLowerCase()
      .replaceAll('’', "'")
      .replace(/can't|cannot/g, 'can not')
      .replace(/won't/g, 'will not')
      .replace(/n't\b/g, ' not')
      .match(/\p{L}+/gu) ?? []
  );
}

/** @param {string[]} words */
function sumOf(words) {
  // What follows "but" outweighs what precedes it.
  const turn = Math.max(words.lastIndexOf('but'), words.lastIndexOf('however'));
  let sum = 0;
  for (let i = 0; i < words.length;) {
    const phrase = phraseAt(words, i);
    const weight = turn < 0 ? 1 : i < turn ? 0.5 : 1.5;
    if (phrase) {
      sum += phrase.score * weight;
      i += phrase.length;
    } else {
      sum += scoreAt(words, i) * weight;
      i++;
    }
  }
  return sum;
}

/**
 * @param {string[]} words
 * @param {number} at
 */
function phraseAt(words, at) {
  for (let length = LONGEST_PHRASE; length > 1; length--) {
    const score = PHRASES.get(words.slice(at, at + length).join(' '));
    if (score !== undefined) return { score, length };
  }
  return undefined;
}

/**
 * @param {string[]} words
 * @param {number} at
 */
function scoreAt(words, at) {
  const word = words[at];
  // "pretty good": a degree before a word that has a score says nothing itself.
  if (DEGREES.has(word) && at + 1 < words.length && scoreOf(words[at + 1]) !== 0) return 0;
  const score = scoreOf(word) * (DEGREES.get(words[at - 1]) ?? 1);
  const negated = words.slice(Math.max(0, at - REACH), at).some((before) => NEGATIONS.has(before));
  return negated ? -0.7 * score : score;
}

/** @param {string} word */
function scoreOf(word) {
  return WORDS.get(word) ?? (word.length < SHORTEST_SLIP || NO_SLIPS.has(word) ? 0 : slipOf(word));
}

/**
 * The score of the word that was meant: the closest of the lexicon, at most one slip away, or two
 * in long words.
 * @param {string} word
 */
function slipOf(word) {
  let closest = word.length < 9 ? 2 : 3;
  let score = 0;
  for (const [known, value] of WORDS) {
    if (known[0] !== word[0] || known.length < SHORTEST_SLIP - 1) continue;
    const slips = slipsBetween(word, known);
    if (slips < closest) [closest, score] = [slips, value];
  }
  return score;
}

/**
 * Letters left out, added or swapped with a neighbour (optimal string alignment). A changed letter
 * counts twice: it mostly makes another word, as "waited" and "wasted".
 * @param {string} a
 * @param {string} b
 */
function slipsBetween(a, b) {
  let [before, last] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 2;
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j], before[j - 2] + 1);
      }
    }
    [before, last] = [last, row];
  }
  return last[b.length];
}

/** @param {number} sum */
function squash(sum) {
  return Math.tanh(sum / 4);
}
