/** Texts by their sizes, so that the memory of a stream is what serving it takes. */
const texts = new Map();

/** The items of a stream: `count` of them, each a text of `size` characters. */
export async function* items({ count, size }) {
  if (!texts.has(size)) texts.set(size, '.'.repeat(size));
  const text = texts.get(size);
  for (let n = 0; n < count; n++) yield { n, text };
}
