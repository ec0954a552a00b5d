// TextRank (Mihalcea and Tarau, 2004), as every worker thread runs it: sentences that share words vote for each
// other, and a vote weighs as much as the sentence that gives it. All pairs are compared: a text of twice the
// length takes four times as long.

/** How much of a sentence's rank comes from votes. */
const DAMPING = 0.85;
const ROUNDS = 30;
/** Words that are shorter, as "the" and "of", say little of what a text is about. */
const SHORTEST_WORD = 4;

/**
 * @param {{ text: string, count: number }} input
 * @returns {Generator<{ done: number, summary?: string[] }>}
 */
export default function* summarise({ text, count }) {
  const sentences = sentencesOf(text);
  const words = sentences.map(wordsOf);
  const votes = [];
  for (const i of sentences.keys()) {
    votes.push(votesOf(words, i));
    yield { done: (i + 1) / (sentences.length + 1) };
  }
  const ranks = ranksOf(votes);
  const best = [...ranks.keys()].sort((a, b) => ranks[b] - ranks[a]).slice(0, count);
  yield { done: 1, summary: best.sort((a, b) => a - b).map((i) => sentences[i]) };
}

/** @param {string} text */
function sentencesOf(text) {
  const sentences = text.split(/(?<=[.!?])\s+/).map((sentence) => sentence.trim());
  return sentences.filter((sentence) => /\p{L}/u.test(sentence));
}

/** @param {string} sentence */
function wordsOf(sentence) {
  const words = sentence.toLowerCase().match(/\p{L}+/gu) ?? [];
  return new Set(words.filter((word) => word.length >= SHORTEST_WORD));
}

/**
 * The shares of its rank that a sentence gives to each: as many as they have words in common, for their length.
 * @param {Set<string>[]} words
 * @param {number} giver
 */
function votesOf(words, giver) {
  const own = words[giver];
  const votes = Float32Array.from(words, (other, i) => {
    if (i === giver) return 0;
    let common = 0;
    for (const word of own) if (other.has(word)) common++;
    return common && common / Math.log(2 + own.size + other.size);
  });
  const sum = votes.reduce((total, vote) => total + vote, 0);
  return sum === 0 ? votes : votes.map((vote) => vote / sum);
}

/** @param {Float32Array[]} votes */
function ranksOf(votes) {
  let ranks = new Float64Array(votes.length).fill(1);
  for (let round = 0; round < ROUNDS; round++) {
    const next = new Float64Array(votes.length).fill(1 - DAMPING);
    for (const [giver, row] of votes.entries()) {
      const weight = DAMPING * ranks[giver];
      for (let i = 0; i < row.length; i++) next[i] += weight * row[i];
    }
    ranks = next;
  }
  return ranks;
}
