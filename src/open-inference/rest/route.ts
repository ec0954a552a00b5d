type OfModel = 'metadata' | 'model-ready' | 'model-statistics' | 'config';

interface ModelPath {
  readonly model: string;
  readonly version: string | undefined;
}

/** What is answered from what is known, without a look at a body. */
export type Question =
  | { readonly what: 'server' | 'live' | 'ready' | 'models' | 'statistics' | 'repository' }
  | ({ readonly what: OfModel } & ModelPath);

/** What a path under the prefix asks for. */
export type Asked =
  Question | { readonly what: 'index' } | ({ readonly what: 'infer' } & ModelPath);

const OF_MODELS: Readonly<Record<string, OfModel | 'infer'>> = {
  '': 'metadata',
  ready: 'model-ready',
  stats: 'model-statistics',
  config: 'config',
  infer: 'infer',
};

/** The method by which each is asked for. */
export function methodOf({ what }: Asked): 'GET' | 'POST' {
  return what === 'infer' || what === 'index' || what === 'repository' ? 'POST' : 'GET';
}

/**
 * What is asked for by a path behind the prefix, such as `/models/iris/infer`; `undefined` where that is
 * nothing of the protocol's.
 */
export function routeOf(path: string): Asked | undefined {
  const segments = segmentsOf(path);
  if (segments === undefined) return undefined;
  const [first, second, third, ...more] = segments;
  switch (first) {
    case undefined:
      return { what: 'server' };
    case 'health':
      if (third !== undefined || (second !== 'live' && second !== 'ready')) return undefined;
      return { what: second };
    case 'models':
      if (second === undefined) return { what: 'models' };
      if (second === 'stats' && third === undefined) return { what: 'statistics' };
      return modelRoute(second, segments.slice(2));
    case 'repository':
      return repositoryRoute(second, third, more);
    default:
      return undefined;
  }
}

function modelRoute(model: string, rest: readonly string[]): Asked | undefined {
  const [first, second, third] = rest;
  const isVersioned = first === 'versions' && second !== undefined;
  if (rest.length > (isVersioned ? 3 : 1)) return undefined;
  const asked = (isVersioned ? third : first) ?? '';
  if (!Object.hasOwn(OF_MODELS, asked)) return undefined;
  return { what: OF_MODELS[asked]!, model, version: isVersioned ? second : undefined };
}

function repositoryRoute(
  second: string | undefined,
  third: string | undefined,
  more: readonly string[],
): Asked | undefined {
  if (second === 'index' && third === undefined) return { what: 'index' };
  const [action] = more;
  const changes =
    second === 'models' && more.length === 1 && (action === 'load' || action === 'unload');
  return changes && third !== undefined ? { what: 'repository' } : undefined;
}

/** The parts of a path, decoded: a model's name may hold anything, also a slash. */
function segmentsOf(path: string): string[] | undefined {
  const [before, ...parts] = path.split('/');
  if (before !== '') return undefined;
  if (parts[parts.length - 1] === '') parts.pop();
  try {
    return parts.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
