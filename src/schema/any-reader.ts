import type { MessageReader } from './message-reader.js';
import { isRecord } from './record.js';
import { MAX_DEPTH, type Reader } from './report.js';

/** How the message named by an Any's type url is read: beside the `@type`, or as its `value`. */
export type AnyContent =
  | { readonly readFields: MessageReader }
  | { readonly readValue: Reader; readonly mayBeAbsent: boolean };

export function anyReader(find: (name: string) => AnyContent | undefined): Reader {
  return (value, report, at, depth) => {
    if (depth > MAX_DEPTH) return report.tooDeep(at);
    if (!isRecord(value)) return report.fail(at, 'an object with "@type"', value);
    const url = Object.hasOwn(value, '@type')
      ? (value as { '@type': unknown })['@type']
      : undefined;
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
      report.path[at] = 'value';
      const inner = Object.hasOwn(value, 'value') ? (value as { value: unknown }).value : undefined;
      // The reference takes a google.protobuf.Value without its value for an empty object.
      const given = inner === undefined && content.mayBeAbsent ? {} : inner;
      out = { '@type': typeUrl, value: content.readValue(given, report, at + 1, depth + 1) };
    }
    report.anyDepth = outer;
    return out;
  };
}

/** A type url has a slash before the name and no leading dot. */
function canonicalUrl(url: string): string {
  const bare = url.startsWith('.') ? url.slice(1) : url;
  return bare.includes('/') ? bare : `/${bare}`;
}
