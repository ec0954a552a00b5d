import { unexpected } from './refusal.js';

/** @throws {InvalidRequest} where one has no name, or two have the same */
export function checkNames(
  tensors: readonly { readonly name: string }[],
  of: 'inputs' | 'outputs',
): void {
  const names = new Set<string>();
  tensors.forEach(({ name }, index) => {
    const place = [of, index, 'name'];
    if (name === '') throw unexpected(place, 'a name', name);
    if (names.has(name)) throw unexpected(place, 'each name once', name);
    names.add(name);
  });
}
