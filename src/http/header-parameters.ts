/** A parameter of a header: `; name=token` or `; name="quoted"` (RFC 9110, 5.6.6), in linear time. */
const PARAMETER = /;[ \t]*([^\s=;"]+)=(?:"((?:[^"\\]|\\[^])*)"|([^\s;"]*))[ \t]*/gy;
const VALUE = /^[^;]*/;

/**
 * What stands before the parameters of a header, and these, by their names in lower case.
 *
 * @returns `undefined` where it is of another form, or a parameter stands twice
 */
export function parseParameters(
  header: string,
): { value: string; parameters: ReadonlyMap<string, string> } | undefined {
  const [value] = VALUE.exec(header)!;
  const parameters = new Map<string, string>();
  let end = value.length;
  PARAMETER.lastIndex = end;
  for (let found = PARAMETER.exec(header); found; found = PARAMETER.exec(header)) {
    const [, name, quoted, token] = found;
    const key = name!.toLowerCase();
    if (parameters.has(key)) return undefined;
    parameters.set(key, quoted === undefined ? token! : quoted.replaceAll(/\\([\\"])/g, '$1'));
    end = PARAMETER.lastIndex;
  }
  return /^[; \t]*$/.test(header.slice(end))
    ? { value: value.trim().toLowerCase(), parameters }
    : undefined;
}
