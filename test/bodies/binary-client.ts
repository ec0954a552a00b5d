import type { Type } from 'protobufjs';
import { RequestType, ResponseType } from './picture-model.js';

export const BINARY = 'application/x-protobuf';

export interface Reply {
  status: number;
  headers: Headers;
  bytes: Buffer;
}

export async function post(
  url: string,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const response = await fetch(url, {
    method: 'POST',
    body: body as Uint8Array<ArrayBuffer>,
    headers: { connection: 'close', ...headers },
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes };
}

const OPTIONS = { longs: String, enums: String, bytes: String, json: true };

export const encode = (json: object, type: Type = RequestType) =>
  Buffer.from(type.encode(type.fromObject(json)).finish());
export const decode = (bytes: Uint8Array, type: Type = ResponseType) =>
  type.toObject(type.decode(bytes), OPTIONS) as Record<string, any>;
