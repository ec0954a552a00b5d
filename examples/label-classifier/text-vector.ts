/** A text's words and character n-grams with their weights: a vector of length 1, or empty. */
export type TextVector = ReadonlyMap<string, number>;

const WORD = /[\p{L}\p{M}\p{N}]+/gu;
const GRAM_LENGTHS = [3, 4, 5];
const LONG_WORD = 6;

/**
 * Words find the same word, character n-grams its other forms ("bake", "baking"), in any language
 * and without a dictionary. Short words tell less of the topic, and a word that is repeated tells
 * less each time.
 */
export function textVector(text: string): TextVector {
  const sums = new Map<string, number>();
  for (const [word] of text.normalize('NFKC').toLowerCase().matchAll(WORD)) {
    const weight = Math.min(word.length / LONG_WORD, 1);
    for (const feature of features(word)) sums.set(feature, (sums.get(feature) ?? 0) + weight);
  }
  return normalized(new Map(Array.from(sums, ([feature, sum]) => [feature, Math.log1p(sum)])));
}

/** How alike two texts are, from 0 to 1: the cosine of the angle between their vectors. */
export function similarity(a: TextVector, b: TextVector): number {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  let product = 0;
  for (const [feature, weight] of small) product += weight * (large.get(feature) ?? 0);
  return Math.min(product, 1); // rounding may carry it past 1
}

function* features(word: string): Generator<string> {
  const marked = `<${word}>`; // so that a gram knows where its word begins and ends
  yield marked;
  for (const length of GRAM_LENGTHS) {
    for (let start = 0; start + length < marked.length; start++) {
      yield marked.slice(start, start + length);
    }
  }
}

function normalized(vector: TextVector): TextVector {
  let squares = 0;
  for (const weight of vector.values()) squares += weight * weight;
  const length = Math.sqrt(squares);
  return new Map(Array.from(vector, ([feature, weight]) => [feature, weight / length]));
}
