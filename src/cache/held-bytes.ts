/** What V8 takes, in bytes: all of it is a multiple of a word. */
const WORD = 8;
const STRING_HEAD = 2 * WORD;
const OBJECT_HEAD = 3 * WORD;
const HEAP_NUMBER = 2 * WORD;
/** An array, and the head of its elements. */
const ARRAY_HEAD = 6 * WORD;
/** An entry of a Map or Set, with its share of the room that is kept free. */
const TABLE_ENTRY = 5 * WORD;
/** A view, its ArrayBuffer and what is kept of that beside the heap. */
const BUFFER_HEAD = 30 * WORD;

/** V8 takes one byte for a character as long as the whole text is Latin-1. */
const BEYOND_LATIN1 = /[^\0-\xff]/;

/** About how many bytes of memory a value takes, with all that it refers to. */
export function heldBytes(value: unknown): number {
  const seen = new Set<object>();
  const pending: unknown[] = [value];
  let bytes = 0;
  while (pending.length > 0) {
    const item = pending.pop();
    if (typeof item === 'string') {
      bytes += stringBytes(item);
    } else if (typeof item === 'number') {
      bytes += (item | 0) === item ? 0 : HEAP_NUMBER; // a small integer lies in its slot
    } else if (typeof item === 'object' && item !== null && !seen.has(item)) {
      seen.add(item);
      bytes += objectBytes(item, pending);
    }
  }
  return bytes;
}

function stringBytes(text: string): number {
  const bytes = BEYOND_LATIN1.test(text) ? 2 * text.length : text.length;
  return STRING_HEAD + Math.ceil(bytes / WORD) * WORD;
}

/** The object's own; what it refers to is left in `pending`. */
function objectBytes(object: object, pending: unknown[]): number {
  if (ArrayBuffer.isView(object) || object instanceof ArrayBuffer) {
    return BUFFER_HEAD + object.byteLength;
  }
  if (Array.isArray(object)) {
    for (const item of object) if (typeof item !== 'number') pending.push(item);
    return ARRAY_HEAD + WORD * object.length;
  }
  if (object instanceof Map || object instanceof Set) {
    for (const entry of object) pending.push(...[entry].flat());
    return OBJECT_HEAD + TABLE_ENTRY * object.size;
  }
  const values = Object.values(object);
  for (const item of values) pending.push(item);
  return OBJECT_HEAD + WORD * values.length;
}
