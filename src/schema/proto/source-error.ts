/** What is wrong with a schema file, and where. */
export class SourceError extends Error {
  readonly line: number;
  /** In UTF-16 code units, from 1. */
  readonly column: number;

  /** @param offset where in the source the fault is */
  constructor(
    readonly file: string,
    source: string,
    offset: number,
    readonly reason: string,
  ) {
    const line = lineOf(source, offset);
    super(`${file}:${line}: ${reason}`);
    this.line = line;
    this.column = offset - source.lastIndexOf('\n', offset - 1);
  }
}

/** The number of the line in which `offset` is, from 1. */
export function lineOf(source: string, offset: number): number {
  let line = 1;
  for (let at = source.indexOf('\n'); at >= 0 && at < offset; at = source.indexOf('\n', at + 1))
    line++;
  return line;
}
