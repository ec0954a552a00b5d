/** Values of a path's parameters: of `*files` the parts between the slashes. */
export type PathParams = Readonly<Record<string, string | number | readonly string[]>>;

/** A name that stands twice is an array; what is `undefined` is left out. */
export type Query = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

/** What a name ends before: of the characters of paths those that are no letter, digit, `_` or `$`. */
// prettier-ignore
type NameEnd =
  '/' | '.' | '-' | '~' | ':' | '*' | '{' | '}' | '\\' | '@' | '!' | '&' | "'" | '(' | ')' | '+' | ',' | ';' | '=' | '%' | '|';
type NameAt<
  Text extends string,
  Name extends string = '',
> = Text extends `${infer Next}${infer Rest}`
  ? Next extends NameEnd
    ? Name
    : NameAt<Rest, `${Name}${Next}`>
  : Name;
type NamesOf<
  Path extends string,
  Mark extends string,
> = Path extends `${string}${Mark}${infer Rest}` ? NameAt<Rest> | NamesOf<Rest, Mark> : never;
/** Without characters after a backslash, which stand for themselves. */
type Unescaped<Path extends string> = Path extends `${infer Head}\\${string}${infer Rest}`
  ? `${Head}/${Unescaped<Rest>}`
  : Path;

/** The parameters that a path has: `{ model: string | number }` of `'/run/:model'`. */
export type ParamsOf<Path extends string> = {
  readonly [Name in NamesOf<Unescaped<Path>, ':'>]: string | number;
} & {
  readonly [Name in NamesOf<Unescaped<Path>, '*'> as Name extends '' ? '*' : Name]:
    string | readonly string[];
};

/** The option with the values of a path's parameters: required where each of them is. */
export type ParamsOption<Path extends string> = string extends Path
  ? { readonly params?: PathParams }
  : Unescaped<Path> extends `${string}${':' | '*'}${string}`
    ? Path extends `${string}{${string}`
      ? { readonly params?: Partial<ParamsOf<Path>> }
      : { readonly params: ParamsOf<Path> }
    : unknown;

/** The options of a call, which may be left out where the path has no parameters. */
export type WithParams<Path extends string, Options> =
  ParamsOption<Path> extends { readonly params: PathParams }
    ? [options: Options & ParamsOption<Path>]
    : [options?: Options & ParamsOption<Path>];

/** Braces around what may be missing; then a character after a backslash, a parameter, a rest without a name. */
const GROUP = /\{([^{}]*)\}/g;
const PART = /\\(.)|:([$\p{ID_Continue}]+)|\*([$\p{ID_Continue}]*)/gu;

/**
 * Where an endpoint is.
 *
 * @param base with what stands before every path: a prefix, a version
 * @param path as its decorator has it, with the syntax of Express 5 for parameters
 * @throws {TypeError} where a parameter is missing, or would lead to another path
 */
export function endpointUrl(
  base: URL,
  path: string,
  params: PathParams = {},
  query: Query = {},
): string {
  const filled = ungrouped(path, params).replace(PART, (_, escaped, name, rest: string) => {
    if (escaped !== undefined) return escaped;
    if (name !== undefined) return segment(name, params[name]);
    const value = params[rest || '*'];
    const parts = Array.isArray(value) ? value : String(value ?? '').split('/');
    return parts.map((part) => segment(rest || '*', part)).join('/');
  });
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/+$/, '')}/${filled.replace(/^\/+/, '')}`;
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined) url.searchParams.append(name, String(one));
    }
  }
  return url.href;
}

/** Without what may be missing and is, from the innermost group outwards. */
function ungrouped(path: string, params: PathParams): string {
  const next = path.replace(GROUP, (_, group: string) => (isGiven(group, params) ? group : ''));
  return next === path ? path : ungrouped(next, params);
}

function isGiven(group: string, params: PathParams): boolean {
  return [...group.matchAll(PART)].every(
    ([, escaped, name, rest]) => escaped ?? params[name ?? (rest || '*')] !== undefined,
  );
}

/** No encoding keeps a URL from taking dots for a step to another folder. */
function segment(name: string, value: unknown = ''): string {
  const text = String(value);
  if (/^\.{0,2}$/.test(text)) {
    throw new TypeError(`Expected the path's parameter "${name}" to name something, got "${text}"`);
  }
  return encodeURIComponent(text);
}
