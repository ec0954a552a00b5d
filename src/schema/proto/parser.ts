import protobuf from 'protobufjs';
import type { Service } from 'protobufjs';
import { join, setOptions, type Internals } from './declaration-parser.js';
import { MessageParser } from './message-parser.js';
import type { OptionLeaf } from './option.js';
import { addTo, setPlace } from './place.js';
import type { Import, ProtoFile } from './proto-file.js';
import { Tokens } from './tokens.js';

const SYNTAXES = ['proto2', 'proto3'];
const EDITIONS = ['2023', '2024', '2026', 'UNSTABLE'];

/**
 * Reads a .proto file into protobufjs' objects. Its own parser is not enough: it merges all files
 * before it looks names up, so that what a file may see is lost; it stumbles over groups in a oneof
 * and comments beside a token, and looks extensions up anew with each message.
 */
export function parseProto(text: string, path: string): ProtoFile {
  return new Parser(new Tokens(path, text)).file();
}

class Parser extends MessageParser {
  readonly #imports: Import[] = [];
  readonly #fileOptions: OptionLeaf[] = [];
  #package: string | undefined;

  file(): ProtoFile {
    while (!this.tokens.atEnd) this.#topLevel();
    const roots = [
      ...this.declarations,
      ...this.extensions.filter(({ parent }) => !parent).map(({ field }) => field),
    ];
    const features = this.#fileOptions.filter(([name]) => name.startsWith('features.'));
    for (const object of roots) {
      (object as Internals)._edition = this.edition;
      setOptions(object, features, true);
    }
    return {
      path: this.tokens.file,
      packageName: this.#scope,
      imports: this.#imports,
      symbols: this.symbols,
      declarations: this.declarations,
      extensions: this.extensions,
      references: this.references,
      errorAt: (offset, message) => this.tokens.errorAt(offset, message),
    };
  }

  get #scope(): string {
    return this.#package ?? '';
  }

  #topLevel(): void {
    const tokens = this.tokens;
    tokens.begin();
    switch (tokens.text) {
      case ';':
        tokens.take();
        return;
      case 'syntax':
      case 'edition':
        return this.#syntax();
      case 'package':
        if (this.#package !== undefined || this.declarations.length > 0) {
          throw tokens.illegal('token');
        }
        tokens.take();
        this.#package = tokens.path('name');
        return tokens.expect(';');
      case 'import':
        return this.#import();
      case 'option':
        this.#fileOptions.push(...this.option());
        return;
      case 'extend':
        return this.extend(this.#scope, undefined, 0);
      case 'service':
        this.declarations.push(this.#service());
        return;
    }
    const visibility = this.visibility();
    const declared =
      tokens.text === 'message'
        ? this.message(this.#scope, 0)
        : tokens.text === 'enum'
          ? this.enumeration(this.#scope)
          : undefined;
    if (!declared) throw tokens.illegal('token');
    if (visibility) declared.visibility = visibility;
    this.declarations.push(declared);
  }

  #syntax(): void {
    const known = this.tokens.take() === 'syntax' ? SYNTAXES : EDITIONS;
    this.tokens.expect('=');
    const edition = this.tokens.string('value');
    if (!known.includes(edition)) {
      throw this.tokens.error(`expected ${known.join(' or ')}, got '${edition}'`);
    }
    // What protoc's own tests call the edition to come.
    this.edition = edition === 'UNSTABLE' ? '2026' : edition;
    this.tokens.expect(';');
  }

  #import(): void {
    const tokens = this.tokens;
    const { offset } = tokens;
    tokens.take();
    const modifier = tokens.isName ? tokens.take() : '';
    if (!['', 'public', 'weak', 'option'].includes(modifier)) {
      throw tokens.error(`illegal import '${modifier}'`);
    }
    const path = tokens.string('import');
    tokens.expect(';');
    // A file imported for its options only gives no types.
    if (modifier === 'option') return;
    this.#imports.push({
      path,
      isPublic: modifier === 'public',
      isOptional: modifier === 'weak',
      offset,
    });
  }

  #service(): Service {
    const tokens = this.tokens;
    tokens.expect('service');
    const service = new protobuf.Service(tokens.name('service name'));
    const fullName = this.declare(service, this.#scope, 'namespace');
    tokens.expect('{');
    service.comment = tokens.comment();
    while (!tokens.skip('}')) {
      if (tokens.skip(';')) continue;
      if (tokens.text === 'option') setOptions(service, this.option());
      else addTo(service, this.#method(fullName));
    }
    return service;
  }

  #method(scope: string): protobuf.Method {
    const tokens = this.tokens;
    const { offset } = tokens;
    tokens.begin();
    tokens.expect('rpc');
    const name = tokens.name();
    const request = this.#methodType();
    tokens.expect('returns');
    const response = this.#methodType();
    const method = new protobuf.Method(
      name,
      'rpc',
      request.type,
      response.type,
      request.stream,
      response.stream,
    );
    const hasBody = tokens.skip('{');
    if (!hasBody) tokens.expect(';');
    method.comment = tokens.comment();
    setPlace(method, tokens.placeAt(offset));
    while (hasBody && !tokens.skip('}')) {
      if (!tokens.skip(';')) setOptions(method, this.option());
    }
    for (const side of ['request', 'response'] as const) {
      this.references.push({
        name: method[`${side}Type`],
        scope,
        owner: `the ${side} of rpc ${join(scope, name)}`,
        offset,
        assign: (absolute) => void (method[`${side}Type`] = absolute),
      });
    }
    return method;
  }

  #methodType(): { type: string; stream: true | undefined } {
    const tokens = this.tokens;
    tokens.expect('(');
    const isStream = tokens.text === 'stream' && tokens.following !== ')';
    if (isStream) tokens.take();
    const type = tokens.path('type');
    tokens.expect(')');
    return { type, stream: isStream || undefined };
  }
}
