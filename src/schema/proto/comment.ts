/** What the comments in the gap between two tokens say of the declarations beside it. */
export interface AttachedComments {
  /** Of the declaration that the token before the gap ends or opens. */
  readonly trailing?: string;
  /** Of the declaration that begins with the token after the gap. */
  readonly leading?: string;
}

const PIECE = /\/\/[^\n]*\n?|\/\*[\s\S]*?\*\/(?:[^\S\n]*\n)?|\n|[^\S\n]+/g;
const LINE_END = /\n$/;

/**
 * Which comments belong to whom, as protoc's SourceCodeInfo has it: one that begins on the line of
 * the token before, or right below it with an empty line after, is of that one; what stands right
 * above the token after, of that; all else is of none.
 *
 * @param isFirst no token is before the gap
 * @param next the token after the gap; empty at the end
 */
export function attachedComments(gap: string, isFirst: boolean, next: string): AttachedComments {
  let trailing: string | undefined;
  let mayTrail = !isFirst;
  let block: string[] = [];
  let onFirstLine = !isFirst;
  const flush = (): void => {
    if (block.length > 0 && mayTrail) {
      trailing = textOf(block);
      mayTrail = false;
    }
    block = [];
  };

  for (const [piece] of gap.matchAll(PIECE)) {
    const isComment = piece.startsWith('/');
    if (isComment) {
      // Lines are one comment together, a block is one alone.
      if (!isLine(piece) || !isLine(block[0] ?? piece)) flush();
      block.push(piece);
    }
    const endsLine = LINE_END.test(piece);
    if (onFirstLine) {
      // What else is on this line is of either token, or of none.
      if (isComment && !endsLine) return {};
      if (isComment) flush();
    } else if (piece === '\n') {
      flush();
      mayTrail = false;
    }
    if (endsLine) onFirstLine = false;
  }
  if (onFirstLine) return {};
  if (next === '' || '}])'.includes(next)) flush();
  return { trailing, leading: block.length > 0 ? textOf(block) : undefined };
}

function isLine(comment: string): boolean {
  return comment.startsWith('//');
}

/** What is said, without the marks and the indentation that the marks have. */
function textOf(comments: readonly string[]): string {
  const lines = comments.flatMap((comment) =>
    isLine(comment)
      ? [comment.replace(/^\/+ ?/, '')]
      : comment
          .trim()
          .slice(2, -2)
          .split(/\r?\n/)
          .map((line) => line.replace(/^\s*\*+(?: |$)|^\s+/, '')),
  );
  return lines
    .map((line) => line.trimEnd())
    .join('\n')
    .trim();
}
