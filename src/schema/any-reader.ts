import type { MessageReader } from './message-reader.js';
import { isRecord } from './record.js';
import { MAX_DEPTH, type Reader, type Report } from './report.js';

/** How the message named by an Any's type url is read: beside the `@type`, or as its `value`. */
export type AnyContent =
  | { readonly readFields: MessageReader }
  | { readonly readValue: Reader; readonly mayBeAbsent: boolean };

export function anyReader(find: (name: string) => AnyContent | undefined): Reader {
  return (value, report, at, depth) => {
    if (depth > MAX_DEPTH) return report.tooDeep(at);
    if (!isRecord(value, report)) return report.fail(at, 'an object with "@type"', value);
    const keys = keysOf(value);
    // The specification's empty Any, whose type url is the empty string.
    if (keys.length === 0) return {};
    const url = keys.includes('@type') ? (value as { '@type': unknown })['@type'] : undefined;
    const content = typeof url === 'string' ? find(url.slice(url.lastIndexOf('/') + 1)) : undefined;
    if (typeof url !== 'string' || content === undefined) {
      report.path[at] = '@type';
      return report.fail(at + 1, 'a type url that names a message of the schema', url);
    }

    const outer = report.anyDepth;
    report.anyDepth = depth + 1;
    const typeUrl = canonicalUrl(url);
    let out: unknown;
    if ('readFields' in content) {
      out = content.readFields(value, report, at, depth + 1, typeUrl);
    } else {
      report.members += keys.length;
      refuseOthers(keys, report, at);
      report.path[at] = 'value';
      const inner = keys.includes('value') ? (value as { value: unknown }).value : undefined;
      // The reference takes a google.protobuf.Value without its value for an empty object.
      const given = inner === undefined && content.mayBeAbsent ? {} : inner;
      out = { '@type': typeUrl, value: content.readValue(given, report, at + 1, depth + 1) };
    }
    report.anyDepth = outer;
    return out;
  };
}

function keysOf(value: object): string[] {
  return Object.keys(value).filter((key) => (value as Record<string, unknown>)[key] !== undefined);
}

function refuseOthers(keys: readonly string[], report: Report, at: number): void {
  for (const key of keys) {
    if (key === '@type' || key === 'value') continue;
    report.path[at] = key;
    report.refuse(at + 1, 'expected "@type" and "value" only, got an unknown field');
  }
}

/** A type url has a slash before the name and no leading dot. */
function canonicalUrl(url: string): string {
  const bare = url.startsWith('.') ? url.slice(1) : url;
  return bare.includes('/') ? bare : `/${bare}`;
}
