import type { Path } from './path.js';
import { endOfString, skipSpace } from './string-literal.js';

/** An object or array that has begun and not ended. */
interface Level {
  /** The keys of an object, undefined in an array. */
  readonly keys: Set<string> | undefined;
  /** Where the reading stands in it. */
  at: string | number;
}

/**
 * The places of keys that stand more than once in their object, in a valid JSON text; at most
 * `limit`. Keys are compared by what they say, so that `"a"` and `"\u0061"` are the same.
 */
export function findDuplicateKeys(text: string, limit: number): Path[] {
  const found: Path[] = [];
  const levels: Level[] = [];
  for (let index = 0; index < text.length && found.length < limit; index++) {
    const level = levels.at(-1);
    switch (text[index]) {
      case '{':
        levels.push({ keys: new Set(), at: '' });
        break;
      case '[':
        levels.push({ keys: undefined, at: 0 });
        break;
      case '}':
      case ']':
        levels.pop();
        break;
      case ',':
        if (typeof level?.at === 'number') level.at++;
        break;
      case '"': {
        const end = endOfString(text, index);
        if (level?.keys !== undefined && text[skipSpace(text, end)] === ':') {
          const key = keyOf(text.slice(index, end));
          level.at = key;
          if (level.keys.has(key)) found.push(levels.map(({ at }) => at));
          level.keys.add(key);
        }
        index = end - 1;
      }
    }
  }
  return found;
}

function keyOf(literal: string): string {
  return literal.includes('\\') ? (JSON.parse(literal) as string) : literal.slice(1, -1);
}
