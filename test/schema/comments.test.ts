import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Enum, type NamespaceBase, type ReflectionObject, type Service } from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { describe, expect, test } from 'vitest';
import { loadFile } from '../../src/schema/load.js';
import { nameOf } from '../../src/schema/reflection.js';
import { INCLUDE, hasProtoc, runProtoc } from './protoc.js';
import { writeSchema } from './schema-file.js';

/** Every kind of declaration, and comments in all places around them. */
const TEXT = `// The licence.

// Of the syntax.
syntax = "proto3"; // after the syntax
// Of the package.
package p;

// Detached.

// A message.
// In two lines.
message M { // opens
  // A field.
  int32 leading = 1; // and after it
  int32 trailing = 2; // only after it
  // Of the next.
  string next = 3;
  /* A block. */
  bool block = 4; /* And after. */
  /**
   * With stars.
   *   indented
   *
   * @deprecated not a tag of ours
   */
  bytes stars = 5;
  int32 below = 6;
  // Below, with an empty line after it.

  int32 nothing = 7;

  // Detached again.

  int32 lonely = 8;
  // One.
  /* Two. */
  int32 two = 9;
  int32 same = 10; /* of whom? */ int32 line = 11;
  int32 inside /* no */ = 12 [ /* no */ deprecated = true ]; // tail
  // A oneof.
  oneof choice { // choose
    // First.
    int32 first = 13;
    int32 second = 14; // Second.
  } // of nothing
  // A map.
  map<string, int32> map = 15;
  // Inside.
  message Inner {
    // Nothing follows.
  }
  // An option.
  option deprecated = true;
  /// Three slashes.
  optional int32 three = 16; //Tight.
  reserved 100; // reserved
  int32 tabs = 17;	//	tabbed
  int32 last = 18;
  // At the end.
}
/* Right after. */

// An enum.
enum E {
  // Zero.
  ZERO = 0; // Nothing.
  ONE = 1; // One.
  option allow_alias = true;
  TWO = 1;
  // The end.
}

// A service.
service S {
  // A method.
  rpc A(M) returns (M); // after
  rpc B(M) returns (M) { // opened
    option deprecated = true;
  }
  // Streams.
  rpc C(stream M) returns (stream M) {}
}
message Empty {} // of nothing
// The last words.
`;

/** As protoc has it, in the form of ours: what is before, an empty line, what is after. */
function protocComments(file: string): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'comments-'));
  const out = join(folder, 'descriptor');
  try {
    const folders = [`--proto_path=${dirname(file)}`, `--proto_path=${INCLUDE}`];
    runProtoc([...folders, '--include_source_info', `--descriptor_set_out=${out}`, basename(file)]);
    const set = descriptor.FileDescriptorSet.decode(readFileSync(out)).toJSON();
    const [proto] = set['file'] as any[];
    const comments: Record<string, string> = {};
    for (const { path = [], leadingComments, trailingComments } of proto.sourceCodeInfo.location) {
      const name = nameAt(proto, path);
      const text = [leadingComments, trailingComments].map(said).filter(Boolean).join('\n\n');
      if (name !== undefined && text !== '') comments[name] = text;
    }
    return comments;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Numbers of fields of FileDescriptorProto and what is below it. */
const MEMBERS: Record<string, Record<number, string>> = {
  '': { 4: 'messageType', 5: 'enumType', 6: 'service' },
  messageType: { 2: 'field', 3: 'nestedType', 4: 'enumType', 8: 'oneofDecl' },
  nestedType: { 2: 'field', 3: 'nestedType', 4: 'enumType', 8: 'oneofDecl' },
  enumType: { 2: 'value' },
  service: { 2: 'method' },
};

function nameAt(file: any, path: readonly number[]): string | undefined {
  let object = file;
  let kind = '';
  let name = file.package;
  for (let i = 0; i < path.length; i += 2) {
    const member = MEMBERS[kind]?.[path[i]!];
    if (member === undefined || i + 1 === path.length) return undefined;
    object = object[member][path[i + 1]!];
    kind = member;
    name += `.${object.name}`;
  }
  return path.length === 0 ? undefined : name;
}

const said = (text = '') =>
  text
    .split('\n')
    .map((line) => line.replace(/^[/*]? ?/, '').trimEnd())
    .join('\n')
    .trim();

function ourComments(file: string): Record<string, string> {
  const comments: Record<string, string> = {};
  const add = (name: string, comment: string | null | undefined) => {
    if (comment) comments[name] = comment;
  };
  const visit = (object: ReflectionObject) => {
    if (object.filename === undefined && !(object as NamespaceBase).nestedArray) return;
    add(nameOf(object), object.comment);
    if (object instanceof Enum) {
      for (const name of Object.keys(object.values))
        add(`${nameOf(object)}.${name}`, object.comments[name]);
    }
    const {
      nestedArray = [],
      fieldsArray = [],
      oneofsArray = [],
      methodsArray = [],
    } = object as Partial<NamespaceBase & Service> & Record<string, any>;
    for (const below of [...nestedArray, ...fieldsArray, ...oneofsArray, ...methodsArray])
      visit(below);
  };
  visit(loadFile(file, [], 'Test').names.root.lookup('p')!);
  return comments;
}

describe.skipIf(!hasProtoc())('comments belong to what protoc says:', () => {
  test.each([
    ['as written', TEXT],
    ['with the lines of Windows', TEXT.replaceAll('\n', '\r\n')],
    ['after a byte order mark', `\uFEFF${TEXT}`],
    ['without a line at the end', TEXT.trimEnd()],
  ])('%s', (_, text) => {
    const file = writeSchema(text);
    expect(ourComments(file)).toEqual(protocComments(file));
  });
});
