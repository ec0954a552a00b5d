import { Controller, ForbiddenException, HttpException } from '@nestjs/common';
import { InvalidRequest, ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import type { EndpointTypes } from 'nestjs-model-serving/client';
import { echoSchema, type RequestInput, type ResponseOutput } from './echo-schema.js';

/** What a client of {@link EchoModel} knows of it. */
export interface EchoApi {
  '/echo': typeof echoSchema;
  '/run/:model': EndpointTypes<object, { params: Record<string, string>; query: object }>;
  '/context': EndpointTypes<object, { headers: Record<string, string>; remaining: number }>;
  '/fail': EndpointTypes<{ status?: number; text?: string }, never>;
  '/nothing': EndpointTypes<object, null>;
  '/count': EndpointTypes<{ to: number; failAt?: number }, { n: number }>;
}

@Controller()
export class EchoModel {
  @ModelEndpoint('/echo', echoSchema)
  echo(request: RequestInput): ResponseOutput {
    return { request, image: new Uint8Array([255, 254]), id: 2n ** 60n };
  }

  @ModelEndpoint('/run/:model')
  run(_: object, { params, query }: PredictContext) {
    return { params, query };
  }

  @ModelEndpoint('/context')
  context(_: object, { headers, deadline }: PredictContext) {
    return { headers, remaining: deadline - Date.now() };
  }

  @ModelEndpoint('/fail')
  fail({ status, text = '' }: { status?: number; text?: string }) {
    if (status === undefined) throw new InvalidRequest(text);
    throw status === 403 ? new ForbiddenException() : new HttpException(text, status);
  }

  @ModelEndpoint('/nothing')
  nothing() {
    return null;
  }

  @ModelEndpoint('/count', undefined, { stream: true })
  async *count({ to, failAt }: { to: number; failAt?: number }) {
    for (let n = 0; n < to; n++) {
      if (n === failAt) throw new InvalidRequest(`Cannot count beyond ${n}`);
      yield { n };
    }
  }
}
