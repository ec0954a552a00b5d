import { expect, test } from 'vitest';
import { bodiesOf } from '../../src/bench/bodies.js';

const bodies = (text: string, type = 'application/json') =>
  bodiesOf(Buffer.from(text), type).map(String);

test('a value of JSON is one body, as it is written', () => {
  for (const text of ['{\n  "id": 12345678901234567890\n}\n', '[1, 2]', '7', '"a\\nb"']) {
    expect(bodies(text)).toEqual([text]);
  }
});

test('values on lines are a body each', () => {
  const lines = ['{"x":1.0}', '{"x": 2}'];
  expect(bodies(lines.join('\n'))).toEqual(lines);
  expect(bodies(`\r\n${lines.join('\r\n\r\n')}\r\n`)).toEqual(lines);
  expect(bodies(lines.join('\n'), 'application/problem+json; charset=utf-8')).toEqual(lines);
});

test('the mark of UTF-8 is no part of a body', () => {
  expect(bodies('\ufeff{\n"x": 1}')).toEqual(['{\n"x": 1}']);
  expect(bodies('\ufeff{"x":1}\n7')).toEqual(['{"x":1}', '7']);
});

test('another type is sent as it is', () => {
  const bytes = Buffer.from([0, 255, 10, 1]);
  expect(bodiesOf(bytes, 'application/x-protobuf')).toEqual([bytes]);
  expect(bodies('{"x":\n{"y":\n', 'text/plain')).toEqual(['{"x":\n{"y":\n']);
});

test('what is no JSON is told with its line', () => {
  expect(() => bodies('')).toThrow('expected JSON, got nothing');
  expect(() => bodies(' \n')).toThrow('expected JSON, got nothing');
  expect(() => bodies('{\n  "x": 1,\n}')).toThrow(/^expected JSON: /);
  const latin = Buffer.from('{"x":"\xe9"}\n7', 'latin1');
  expect(() => bodiesOf(latin, 'application/json')).toThrow('which is UTF-8, got other bytes');
  expect(() => bodies('{"x":1}\n\n{"x":}\n')).toThrow(/on every line, got on line 3: /);
});
