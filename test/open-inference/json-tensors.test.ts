import { describe, expect, it } from 'vitest';
import { JsonText } from '../../src/json/index.js';
import { readJsonRequest } from '../../src/open-inference/tensors/index.js';
import { messageOf } from './message-of.js';

/** The request of one input, as its text says it. */
function read(input: string) {
  const text = JsonText.decode(Buffer.from(`{"inputs":[${input}]}`))!;
  return readJsonRequest(text.parse(), text).inputs[0]!;
}

function input(datatype: string, shape: string, data: string, parameters = '{}') {
  return `{"name":"a","datatype":"${datatype}","shape":${shape},"parameters":${parameters},"data":${data}}`;
}

describe('a tensor in JSON', () => {
  it.each([
    ['BOOL', '[true,false]', Uint8Array.of(1, 0)],
    ['UINT8', '[0,255]', Uint8Array.of(0, 255)],
    ['UINT16', '[0,65535]', Uint16Array.of(0, 65535)],
    ['UINT32', '[0,4294967295]', Uint32Array.of(0, 4294967295)],
    ['UINT64', '[0,"18446744073709551615"]', BigUint64Array.of(0n, 2n ** 64n - 1n)],
    ['INT8', '[-128,127]', Int8Array.of(-128, 127)],
    ['INT16', '[-32768,32767]', Int16Array.of(-32768, 32767)],
    ['INT32', '[-2147483648,2147483647]', Int32Array.of(-2147483648, 2147483647)],
    [
      'INT64',
      '["-9223372036854775808",9007199254740992]',
      BigInt64Array.of(-(2n ** 63n), 2n ** 53n),
    ],
    ['FP32', '[0.1,-3.4028234e38]', Float32Array.of(0.1, -3.4028234e38)],
    ['FP64', '[0.1,-1e308]', Float64Array.of(0.1, -1e308)],
    ['BYTES', '["","ä"]', ['', 'ä']],
  ])('of %s is a list of its elements', (datatype, data, elements) => {
    expect(read(input(datatype, '[2]', data)).elements).toEqual(elements);
  });

  it.each([
    ['BOOL', '1', 'true or false'],
    ['UINT8', '256', 'an integer from 0 to 255'],
    ['UINT16', '-1', 'an integer from 0 to 65535'],
    ['UINT32', '4294967296', 'an integer from 0 to 4294967295'],
    ['UINT64', '-1', 'an integer from 0 to 18446744073709551615'],
    ['UINT64', '"18446744073709551616"', 'an integer from 0 to 18446744073709551615'],
    ['UINT64', '18446744073709551616', 'an integer from 0 to 18446744073709551615'],
    ['INT8', '128', 'an integer from -128 to 127'],
    ['INT16', '1.5', 'an integer from -32768 to 32767'],
    ['INT32', '"1"', 'an integer from -2147483648 to 2147483647'],
    ['INT64', '"9223372036854775808"', 'an integer from -9223372036854775808'],
    ['INT64', '"1.0"', 'an integer from'],
    ['INT64', '""', 'an integer from'],
    ['INT64', '1e400', 'an integer from'],
    ['INT64', '["1"]', 'an integer from'],
    ['INT64', '9007199254740993', 'as a string, got the number 9007199254740993'],
    ['UINT64', '9007199254740993.0', 'as a string, got the number 9007199254740993.0'],
    ['FP32', '3.5e38', 'a number that fits into FP32, got 3.5e+38'],
    ['FP64', '1e309', 'a number that fits into FP64, got Infinity'],
    ['FP64', '"NaN"', 'a number that fits into FP64, got "NaN"'],
    ['FP64', 'null', 'a number that fits into FP64, got null'],
    ['BYTES', '1', 'a string without unpaired surrogates, got 1'],
    ['BYTES', '"\\ud800"', 'a string without unpaired surrogates, got "\\ud800"'],
  ])('of %s does not take %s', (datatype, element, expected) => {
    const good = datatype === 'BYTES' ? '"b"' : datatype === 'BOOL' ? 'true' : '1';
    const message = messageOf(() =>
      read(input(datatype, '[4]', `[${good},${good},${good},${element}]`)),
    );
    expect(message).toContain('Invalid request at inputs[0].data[3]: expected ');
    expect(message).toContain(expected);
  });

  it('takes base64 where it says so', () => {
    const parameters = '{"content_type":"base64"}';
    const { elements } = read(input('BYTES', '[2]', '["AP8=","_w"]', parameters));
    expect(elements).toEqual([Buffer.of(0, 255), Buffer.of(255)]);
    expect(messageOf(() => read(input('BYTES', '[1]', '["?"]', parameters)))).toContain(
      'inputs[0].data[0]: expected a string of base64, got "?"',
    );
  });

  it('is flat or nested', () => {
    const flat = read(input('INT32', '[2,1,2]', '[1,2,3,4]')).elements;
    expect(flat).toEqual(Int32Array.of(1, 2, 3, 4));
    expect(read(input('INT32', '[2,1,2]', '[[[1,2]],[[3,4]]]')).elements).toEqual(flat);
    expect(read(input('BYTES', '[2,1]', '[["a"],["b"]]')).elements).toEqual(['a', 'b']);
    expect(read(input('FP32', '[]', '[1]')).elements).toEqual(Float32Array.of(1));
    expect(read(input('FP32', '[2,0]', '[[],[]]')).elements).toHaveLength(0);
    expect(
      read(input('FP32', '[0,9007199254740991,9007199254740991]', '[]')).elements,
    ).toHaveLength(0);
  });

  it.each([
    ['[3]', '[1,2]', 'inputs[0].data: expected 3 elements of shape [3], got 2'],
    ['[]', '[]', 'inputs[0].data: expected 1 elements of shape [], got 0'],
    ['[2,2]', '[[1,2,3],[4]]', 'inputs[0].data[1]: expected a list of 3 like the first'],
    ['[2,2]', '[[1,2],3]', 'inputs[0].data[1]: expected a list of 2 like the first, got 3'],
    ['[2]', '[1,[2]]', 'inputs[0].data[1]: expected an integer'],
    ['[2,2,1]', '[[[1],[2]],[[3],[]]]', 'inputs[0].data[1][1]: expected a list of 1'],
    ['[2,2]', '[[1,2],[3,"x"]]', 'inputs[0].data[1][1]: expected an integer'],
    ['[1]', '1', 'inputs[0].data: expected a list, got 1'],
    ['[1]', 'null', 'inputs[0].data: expected a list, got null'],
    ['[-1]', '[1]', 'inputs[0].shape[0]: expected a dimension (an integer from 0), got -1'],
    ['[1,1.5]', '[1]', 'inputs[0].shape[1]: expected a dimension'],
    ['["1"]', '[1]', 'inputs[0].shape[0]: expected a dimension'],
    ['1', '[1]', 'inputs[0].shape: expected a list of dimensions, got 1'],
    ['[1e300]', '[1]', 'inputs[0].shape[0]: expected a dimension'],
    [
      '[4294967296,4294967296]',
      '[]',
      'inputs[0].shape: expected fewer than 2^53 elements, got more',
    ],
    ['[1]', `${'['.repeat(200)}1${']'.repeat(200)}`, 'at most 100 levels of nesting'],
  ])('of shape %s is not %s', (shape, data, message) => {
    expect(messageOf(() => read(input('INT32', shape, data)))).toContain(message);
  });

  it('holds no more than its text, whatever its first list promises', () => {
    const data = `[[${'1,'.repeat(999)}1]${',[]'.repeat(9_999)}]`;
    expect(messageOf(() => read(input('INT32', '[10000,1000]', data)))).toContain(
      'inputs[0].data[1]: expected a list of 1000',
    );
  });

  it.each(['FP16', 'BF16'])('cannot be of %s', (datatype) => {
    expect(messageOf(() => read(input(datatype, '[1]', '[1]')))).toBe(
      `Invalid request at inputs[0].data: expected ${datatype} as binary data, got JSON`,
    );
  });
});

describe('a request in JSON', () => {
  const readText = (body: string) => {
    const text = JsonText.decode(Buffer.from(body))!;
    return readJsonRequest(text.parse(), text);
  };
  const one = '{"name":"a","datatype":"INT8","shape":[0],"data":[]}';

  it('is its id, parameters, inputs and outputs; null is nothing', () => {
    const request = readText(
      `{"id":"x","model_name":"m","parameters":{"timeout":5,"b":true,"n":null},"inputs":[${one}],` +
        '"outputs":[{"name":"o","parameters":{"binary_data":true}},{"name":"p","parameters":null}]}',
    );
    expect(request).toMatchObject({ id: 'x', parameters: { timeout: 5, b: true } });
    expect(request.outputs).toMatchObject([
      { name: 'o', parameters: { binary_data: true } },
      { name: 'p' },
    ]);
    const bare = readText(`{"id":null,"parameters":null,"outputs":null,"inputs":[${one}]}`);
    expect(bare).toEqual({ inputs: [expect.objectContaining({ name: 'a' })] });
    expect(readText(`{"id":"","inputs":[]}`)).toEqual({ inputs: [] });
  });

  it.each([
    ['[]', 'its root: expected a JSON object, got an array of 0'],
    ['null', 'its root: expected a JSON object, got null'],
    ['{}', 'inputs: expected a list, got undefined'],
    ['{"inputs":{}}', 'inputs: expected a list, got an object'],
    ['{"inputs":[1]}', 'inputs[0]: expected an object, got 1'],
    [`{"inputs":[${one},${one}]}`, 'inputs[1].name: expected each name once, got "a"'],
    [
      '{"inputs":[{"name":"","datatype":"INT8","shape":[0],"data":[]}]}',
      'inputs[0].name: expected a name, got ""',
    ],
    ['{"inputs":[{"name":1}]}', 'inputs[0].name: expected a string, got 1'],
    ['{"inputs":[{"name":"a","datatype":"FP8"}]}', 'inputs[0].datatype: expected a datatype (BOOL'],
    ['{"inputs":[{"name":"a","datatype":"toString"}]}', 'inputs[0].datatype: expected a datatype'],
    [`{"id":1,"inputs":[${one}]}`, 'id: expected a string, got 1'],
    [`{"parameters":[],"inputs":[${one}]}`, 'parameters: expected an object, got an array of 0'],
    [`{"parameters":{"a":{}},"inputs":[${one}]}`, 'parameters.a: expected a string, a number or a'],
    [
      `{"parameters":{"binary_data_output":1},"inputs":[]}`,
      'binary_data_output: expected a boolean',
    ],
    [
      '{"inputs":[],"outputs":[{"name":"o","parameters":{"binary_data":"yes"}}]}',
      'outputs[0].parameters.binary_data: expected a boolean, got "yes"',
    ],
    [
      '{"inputs":[],"outputs":[{"name":"o"},{"name":"o"}]}',
      'outputs[1].name: expected each name once',
    ],
    ['{"inputs":[],"inputs":[]}', 'expected each key once, got it twice'],
    ['{"inputs":[],"__proto__":{}}', 'expected a key that cannot reach a prototype'],
    [
      '{"inputs":[{"name":"a","datatype":"INT8","shape":[1],"parameters":{"binary_data_size":1}}]}',
      'inputs[0].parameters.binary_data_size: expected data in JSON',
    ],
    [
      '{"inputs":[{"name":"a","datatype":"INT8","shape":[1],"data":[1],"parameters":{"binary_data_size":1}}]}',
      'inputs[0].data: expected none beside binary_data_size, got some',
    ],
  ])('is not %s', (body, message) => {
    expect(messageOf(() => readText(body))).toContain(message);
  });
});
