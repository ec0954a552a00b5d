import { basename } from 'node:path';

/** What a generated file says of itself, by which it is known. */
export function markOf(proto: string): string {
  return `Generated from ${basename(proto)} by \`nestjs-model-serving types\`. Do not edit.`;
}
