import { InvalidRequest } from 'nestjs-model-serving';
import { expect } from 'vitest';

/** What a refusal says. */
export function messageOf(task: () => unknown): string {
  try {
    task();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidRequest);
    return (error as Error).message;
  }
  throw new Error('It was taken');
}
