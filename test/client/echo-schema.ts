import { protobufSchema } from 'nestjs-model-serving';

/** As the types of a schema are generated: what the handler gets, and what it may return. */
export interface RequestInput {
  text?: string;
  id?: string;
  image?: Uint8Array;
  weights?: (number | 'NaN' | 'Infinity' | '-Infinity')[];
  ids?: string[];
  parts?: Uint8Array[];
  mode?: 'FAST' | 'EXACT';
  at?: string;
  score?: number | 'NaN' | 'Infinity' | '-Infinity';
  counts?: Record<string, number>;
  inner?: RequestInput;
}

export interface RequestOutput {
  text?: string;
  id?: number | bigint | string;
  image?: Uint8Array | ArrayBuffer | string;
  weights?: (number | 'NaN' | 'Infinity' | '-Infinity')[] | Float32Array | Uint8Array | Set<number>;
  ids?: (number | bigint | string)[] | BigInt64Array | Set<number | bigint | string>;
  parts?: (Uint8Array | string)[] | Set<Uint8Array | string>;
  mode?: 'FAST' | 'EXACT';
  at?: string | Date;
  score?: number | 'NaN' | 'Infinity' | '-Infinity';
  counts?: Record<string, number> | Map<string, number>;
  inner?: RequestOutput;
}

export interface ResponseOutput {
  request?: RequestOutput;
  image?: Uint8Array;
  id?: bigint;
}

export const echoSchema = protobufSchema<RequestInput, ResponseOutput>(
  new URL('./echo.proto', import.meta.url),
);
