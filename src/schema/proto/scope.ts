/** A message or enum, or what else has members: a package or a service. */
export type Kind = 'type' | 'namespace';

export interface Resolution {
  /** The full name, without a leading dot; undefined where there is none. */
  readonly fullName?: string;
  /** The full names looked for, in order. */
  readonly tried: readonly string[];
}

/**
 * protobuf's rule for the name of a type: it is looked for from the innermost scope outwards, the
 * first scope that has its first segment decides, and a leading dot makes it absolute.
 *
 * @param scope the full name of the message, service or package in which the name stands
 * @param kindOf what bears a full name, as far as the file can see
 */
export function resolveName(
  name: string,
  scope: string,
  kindOf: (fullName: string) => Kind | undefined,
): Resolution {
  if (name.startsWith('.')) return exactly(name.slice(1), [], kindOf);
  const [first = name] = name.split('.', 1);
  const tried: string[] = [];
  for (let outer = scope; ; outer = outer.slice(0, Math.max(outer.lastIndexOf('.'), 0))) {
    const prefix = outer === '' ? '' : `${outer}.`;
    const kind = kindOf(prefix + first);
    // A namespace is no type: where the name has one segment, the search goes on.
    if (kind === 'type' || (kind === 'namespace' && first !== name)) {
      return exactly(prefix + name, tried, kindOf);
    }
    tried.push(prefix + name);
    if (outer === '') return { tried };
  }
}

function exactly(
  fullName: string,
  tried: readonly string[],
  kindOf: (fullName: string) => Kind | undefined,
): Resolution {
  const all = [...tried, fullName];
  return kindOf(fullName) === 'type' ? { fullName, tried: all } : { tried: all };
}

/** Why a name has no type, for a message. */
export function notFound({ tried }: Resolution): string {
  return `looked for ${tried.join(', then ')}`;
}
