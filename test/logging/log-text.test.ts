import { describe, expect, it } from 'vitest';
import { logStack, logText } from '../../src/logging/log-text.js';

describe('a text in the log', () => {
  it.each([
    ['plain ä ✓ 😀', 'plain ä ✓ 😀'],
    ['a\n[Nest] forged', 'a\\n[Nest] forged'],
    ['a\r\tb', 'a\\r\\tb'],
    ['\u001b[31mred\u009b', '\\u001b[31mred\\u{9b}'],
    ['a\u2028b\u2029c\u0085', 'a\\u{2028}b\\u{2029}c\\u{85}'],
    ['\u202egnp.exe\u200b', '\\u{202e}gnp.exe\\u{200b}'],
    ['\ud800', '\\ud800'],
    ['\0', '\\u0000'],
  ])('is escaped: %j', (text, shown) => {
    expect(logText(text)).toBe(shown);
  });

  it('is cut', () => {
    expect(logText('x'.repeat(5_000))).toBe(`${'x'.repeat(1_000)}…`);
    expect(logText('x'.repeat(1_000))).toHaveLength(1_000);
    expect(logText('x'.repeat(50), 10)).toBe(`${'x'.repeat(10)}…`);
  });

  it('may be anything a handler gives as one', () => {
    expect(logText(undefined)).toBe('undefined');
    expect(logText({ a: 'b' })).toBe("{ a: 'b' }");
    expect(logText(Object.create(null))).toBe('[Object: null prototype] {}');
  });
});

describe('a stack in the log', () => {
  it('has no line that another could be taken for, but its first', () => {
    const cause = new TypeError('inner\n[Nest] 1  - forged');
    const stack = logStack(new Error('outer\n[Nest] 2  - forged\u001b[2J', { cause }));
    const [first, ...lines] = stack.split('\n');
    expect(first).toBe('Error: outer');
    for (const line of lines) expect(line).toMatch(/^    /);
    expect(stack).toMatch(/TypeError: inner\n\s+\[Nest\] 1/);
    expect(stack).toMatch(/\n\s+at /);
    expect(stack).not.toContain('\u001b');
  });

  it('is cut in its lines and their number', () => {
    const stack = logStack(new Error('x'.repeat(100_000) + '\n'.repeat(100_000)));
    expect(stack.split('\n')).toHaveLength(200);
    expect(stack.length).toBeLessThan(10_000);
  });
});
