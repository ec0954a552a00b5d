import { InvalidRequest, ModelEndpoint, protobufSchema } from 'nestjs-model-serving';

const schemaOf = (type: string) =>
  protobufSchema({
    file: 'simple.proto',
    files: {
      'simple.proto': `
        syntax = "proto3";
        message Request { repeated ${type} INPUT0 = 1; repeated ${type} INPUT1 = 2; }
        message Response { repeated ${type} OUTPUT0 = 1; repeated ${type} OUTPUT1 = 2; }`,
    },
  });

/** What the model `simple` takes and gives. */
export const SIMPLE_SCHEMA = schemaOf('int32');

/** One row of 16: a batch of many is a request of many rows. */
const ROW = { shape: [-1, 16] };
/** Its tensors. */
export const openInference = {
  inputs: { INPUT0: ROW, INPUT1: ROW },
  outputs: { OUTPUT0: ROW, OUTPUT1: ROW },
};

export interface Terms<T> {
  readonly INPUT0?: readonly T[];
  readonly INPUT1?: readonly T[];
}

function added<T>({ INPUT0 = [], INPUT1 = [] }: Terms<T>, form: (value: number) => T) {
  if (INPUT0.length !== INPUT1.length) throw new InvalidRequest('INPUT1 is not as long as INPUT0');
  return {
    OUTPUT0: INPUT0.map((value, index) => form(Number(value) + Number(INPUT1[index]))),
    OUTPUT1: INPUT0.map((value, index) => form(Number(value) - Number(INPUT1[index]))),
  };
}

@ModelEndpoint('/simple', SIMPLE_SCHEMA, { name: 'simple', version: '1', openInference })
export class Simple {
  predict(terms: Terms<number>) {
    // A sum of two int32 may be none.
    return added(terms, (value) => value | 0);
  }
}

@ModelEndpoint('/simple-string', schemaOf('string'), {
  name: 'simple_string',
  version: '1',
  openInference,
})
class SimpleString {
  predict(terms: Terms<string>) {
    return added(terms, String);
  }
}

@ModelEndpoint('/spaced', SIMPLE_SCHEMA, { name: 'm x', version: '2', openInference })
class Spaced extends Simple {}

/** The models of Triton's examples, and one whose name has to be encoded in a path. */
export const SIMPLE_MODELS = [Simple, SimpleString, Spaced];
