/** The items of a stream: `count` of them, each a text of `size` characters. */
export async function* items({ count, size }) {
  const text = '.'.repeat(size);
  for (let n = 0; n < count; n++) yield { n, text };
}
