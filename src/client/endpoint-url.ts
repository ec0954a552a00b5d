/** Values of a path's parameters: of `*files` the parts between the slashes. */
export type PathParams = Readonly<Record<string, string | number | readonly string[]>>;

/** A name that stands twice is an array; what is `undefined` is left out. */
export type Query = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

type Until<Text extends string, End extends string> = Text extends `${infer Head}${End}${string}`
  ? Head
  : Text;
type NameAt<Text extends string> = Until<
  Until<Until<Until<Until<Text, '/'>, '.'>, '-'>, ':'>,
  '{' | '}'
>;
type NamesOf<
  Path extends string,
  Mark extends string,
> = Path extends `${string}${Mark}${infer Rest}` ? NameAt<Rest> | NamesOf<Rest, Mark> : never;

/** The parameters that a path has: `{ model: string | number }` of `'/run/:model'`. */
export type ParamsOf<Path extends string> = {
  readonly [Name in NamesOf<Path, ':'>]: string | number;
} & { readonly [Name in NamesOf<Path, '*'>]: string | readonly string[] };

/** The options of a call, which must say what the path's parameters are, where it has some. */
export type WithParams<Path extends string, Options> = string extends Path
  ? [options?: Options & { readonly params?: PathParams }]
  : Path extends `${string}{${string}`
    ? [options?: Options & { readonly params?: Partial<ParamsOf<Path>> }]
    : Path extends `${string}${':' | '*'}${string}`
      ? [options: Options & { readonly params: ParamsOf<Path> }]
      : [options?: Options];

/** A pair of braces around what may be missing; a character after a backslash; a parameter. */
const GROUP = /\{([^{}]*)\}/g;
const PART = /\\(.)|([:*])(\w+)/g;

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
  const filled = path
    .replace(GROUP, (_, group: string) => (isGiven(group, params) ? group : ''))
    .replace(PART, (_, escaped?: string, mark?: string, name?: string) => {
      if (escaped !== undefined) return escaped;
      const value = params[name!] ?? '';
      const parts =
        mark === ':' ? [value] : Array.isArray(value) ? value : String(value).split('/');
      return parts.map((part) => segment(name!, String(part))).join('/');
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

function isGiven(group: string, params: PathParams): boolean {
  return [...group.matchAll(PART)].every(([, , , name]) => !name || params[name] !== undefined);
}

/** No encoding keeps a URL from taking dots for a step to another folder. */
function segment(name: string, value: string): string {
  if (/^\.{0,2}$/.test(value)) {
    throw new TypeError(
      `Expected the path's parameter "${name}" to name something, got "${value}"`,
    );
  }
  return encodeURIComponent(value);
}
