import type { Enum, ReflectionObject } from 'protobufjs';

/** What a .proto says of something, as TSDoc in lines; none where it says nothing. */
export function docComment(object: ReflectionObject): string[] {
  return linesOf(object.comment, object.getOption('deprecated') === true);
}

/** The same with what is said of each of its values. */
export function enumComment(object: Enum): string[] {
  const values = Object.keys(object.values).flatMap((name) => {
    const comment = object.comments[name];
    return comment ? [`- \`${name}\`: ${comment.replaceAll(/\s*\n\s*/g, ' ')}`] : [];
  });
  const comment = [object.comment, values.join('\n')].filter(Boolean).join('\n\n');
  return linesOf(comment, object.getOption('deprecated') === true);
}

function linesOf(comment: string | null, isDeprecated: boolean): string[] {
  const said = (comment ?? '').replaceAll('*/', '*\\/');
  const text = [said, isDeprecated && !/^@deprecated\b/m.test(said) ? '@deprecated' : '']
    .filter(Boolean)
    .join('\n\n');
  if (text === '') return [];
  const lines = text.split('\n');
  if (lines.length === 1) return [`/** ${text} */`];
  return ['/**', ...lines.map((line) => ` * ${line}`.trimEnd()), ' */'];
}
