import type { IncomingMessage } from 'node:http';
import {
  Logger,
  MethodNotAllowedException,
  NotImplementedException,
  ServiceUnavailableException,
} from '@nestjs/common';
import { InvalidRequest } from '../../errors/index.js';
import { failureAnswer, type FailureAnswer } from '../../gate/failure-answer.js';
import { readBody } from '../../http/body-reader.js';
import { requestIdOf } from '../../gate/request-id.js';
import { JSON_TYPE, rawResponse, send, setHeader, type NestResponse } from '../../http/reply.js';
import { boundUnreadBody } from '../../http/unread-body.js';
import type { UploadBudget } from '../../gate/upload-budget.js';
import { configOf } from '../model-config.js';
import type { ServedModels } from '../served-models.js';
import { unexpected } from '../tensors/index.js';
import { methodOf, type Asked, type Question } from './route.js';

/** A request, the response to it, and what Nest would show of them: request, response, `next`. */
export interface Arrival {
  readonly request: IncomingMessage;
  readonly response: NestResponse;
  readonly args: readonly unknown[];
  /** The template by which the framework has led here, and which its instrumentation takes for the route. */
  readonly mountedAt: string;
}

const logger = new Logger('OpenInference');

/** Answers what is asked about the server and its models. */
export function answerQuestion(models: ServedModels, asked: Question, arrival: Arrival): void {
  reply(arrival, () => {
    const { what } = asked;
    switch (what) {
      case 'server':
        return models.serverMetadata();
      case 'live':
        return { live: true };
      case 'ready':
        if (!models.isReady) throw new ServiceUnavailableException('The server is not ready');
        return { ready: true };
      case 'models':
        return { models: models.names };
      case 'statistics':
        return models.statistics();
      case 'repository':
        throw new NotImplementedException('Models are loaded and unloaded with the app');
      default:
        return answerOfModel(models, what, asked.model, asked.version);
    }
  });
}

function answerOfModel(
  models: ServedModels,
  what: string,
  name: string,
  version: string | undefined,
): object {
  switch (what) {
    case 'model-ready':
      if (!models.isModelReady(name, version)) {
        throw new ServiceUnavailableException('The model is not ready');
      }
      return { name, ready: true };
    case 'model-statistics':
      return models.statistics(name, version);
    case 'config':
      return configOf(models.modelMetadata(name, version));
    default:
      return models.modelMetadata(name, version);
  }
}

/** Bytes of a request for the index, which asks at most whether only ready models are wanted. */
const INDEX_LIMIT = 64 * 1024;
/** Milliseconds that it may take to arrive. */
const INDEX_TIMEOUT = 30_000;

/** Answers which models there are; a body `{"ready": true}` asks for those that are ready. */
export function answerIndex(models: ServedModels, budget: UploadBudget, arrival: Arrival): void {
  const deadline = performance.now() + INDEX_TIMEOUT;
  readBody(arrival.request, INDEX_LIMIT, budget, deadline, false, (error, body) => {
    reply(arrival, () => {
      if (error !== undefined) throw error;
      return models.index(body!.length > 0 && asksForReady(body!));
    });
  });
}

function asksForReady(body: Buffer): boolean {
  let asked: unknown;
  try {
    asked = JSON.parse(body.toString());
  } catch (cause) {
    throw new InvalidRequest(`The body is not valid JSON: ${(cause as Error).message}`, { cause });
  }
  const { ready = false } = (asked ?? {}) as { ready?: unknown };
  if (typeof ready === 'boolean') return ready;
  throw unexpected(['ready'], 'a boolean', ready);
}

/** Sends what `answer` gives, or the failure that it throws. */
export function reply({ request, response }: Arrival, answer: () => object): void {
  const requestId = requestIdOf(request.headers['x-request-id']);
  let text: string;
  try {
    text = JSON.stringify(answer());
  } catch (error) {
    boundUnreadBody(request, rawResponse(response));
    const failure = failureAnswer({ log: logger, failure: undefined }, error);
    return sendError(response, requestId, failure);
  }
  setHeader(response, 'x-request-id', requestId);
  send(response, 200, JSON_TYPE, text);
}

export function refuseMethod(asked: Asked, arrival: Arrival): void {
  const method = methodOf(asked);
  setHeader(arrival.response, 'allow', method);
  reply(arrival, () => {
    throw new MethodNotAllowedException(`Expected ${method}, got ${arrival.request.method}`);
  });
}

/** A failure in the form that clients of the protocol read. */
export function sendError(
  response: NestResponse,
  requestId: string,
  { status, error, retryAfter }: FailureAnswer,
): void {
  setHeader(response, 'x-request-id', requestId);
  if (retryAfter !== undefined) setHeader(response, 'retry-after', retryAfter);
  send(response, status, JSON_TYPE, JSON.stringify({ error }));
}
