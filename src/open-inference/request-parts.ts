import { HttpException } from '@nestjs/common';
import type { Answer } from '../endpoint/answer.js';
import type { Call, Parts } from '../endpoint/call.js';
import type { Outlet } from '../endpoint/outlet.js';
import { InvalidRequest, ServingError, summaryOf } from '../errors/index.js';
import { answerOf } from '../gate/failure-answer.js';
import type { Rows } from './binding/input-binding.js';
import type { ChosenOutput, Model } from './model.js';
import { unexpected, type InferenceRequest, type InferenceResponse } from './tensors/index.js';

/** The rows of a request as parts of its call, and what becomes of them. */
export class RequestParts implements Parts, Outlet {
  readonly isFull = false;
  handle: Parts['handle'];
  failed: Parts['failed'];
  readonly #call: Call;
  readonly #model: Model;
  readonly #request: InferenceRequest;
  readonly #answers: Answer[] = [];
  #rows: Rows | undefined;
  #chosen: readonly ChosenOutput[] = [];

  constructor(call: Call, model: Model, request: InferenceRequest) {
    this.#call = call;
    this.#model = model;
    this.#request = request;
  }

  begin(): number {
    return this.#bind().count;
  }

  #bind(): Rows {
    const { flaw } = this.#call;
    try {
      if (flaw !== undefined) throw flaw;
      shorten(this.#call, this.#request);
      this.#chosen = this.#model.choose(this.#request);
      return (this.#rows = this.#model.inputs.bind(this.#request));
    } catch (error) {
      this.#call.endpoint.metrics.invalid('request');
      throw error;
    }
  }

  read(part: Call, index: number): void {
    this.#rows!.read(part, index);
  }

  write(item: Answer): void {
    this.#answers.push(item);
  }

  onceReady(): void {}

  end(): void {}

  /**
   * @throws {InvalidRequest} that nobody has seen as interceptors of the app have answered themselves
   * @throws {ServingError} `InvalidAnswer` where they have left no answer for a row
   */
  response(): InferenceResponse {
    const { length } = this.#answers;
    const { count, sizes } = this.#rows ?? this.#bind();
    if (length !== count) {
      throw new ServingError(
        'InvalidAnswer',
        `Expected interceptors to leave an answer for each of ${count} rows, got ${length}`,
      );
    }
    return this.#model.respond(this.#request, this.#chosen, this.#answers, sizes);
  }

  /** The failure of a row, which says where it stands; any other as it is. */
  placed(error: unknown): unknown {
    const { failed } = this;
    if (failed === undefined || failed.error !== error) return error;
    const row = failed.index;
    const at = `inputs[0] row ${row}`;
    if (error instanceof HttpException) {
      const { status, error: message } = answerOf(error);
      if (status === 500) return error;
      return new HttpException({ message: `${at}: ${message}` }, status, { cause: error });
    }
    // Of the others none is of one row alone: they are the server's, or of all rows.
    if (!(error instanceof ServingError) || error.failure !== 'InvalidRequest') return error;
    const { details = [], message } = error;
    const [first] = details;
    if (first === undefined) return new InvalidRequest(`${at}: ${message}`, { cause: error });
    const placed = details.map(({ path, message: wrong }) => ({
      path: path.startsWith('$.inputs[') ? path : this.#rows!.placeOf(path, row),
      message: `${wrong} (row ${row})`,
    }));
    const shown = placed.map(({ path, message: wrong }) => ({
      path: path.slice(2),
      message: wrong,
    }));
    return new InvalidRequest(summaryOf('request', shown), { details: placed, cause: error });
  }
}

/** `timeout` is microseconds; 0 leaves it to the server. */
function shorten(call: Call, { parameters }: InferenceRequest): void {
  const timeout = parameters?.['timeout'];
  if (timeout === undefined) return;
  const isNumber = typeof timeout === 'number' || typeof timeout === 'bigint';
  // Clients say by the largest there is that they have none.
  const microseconds = isNumber ? Number(timeout) : NaN;
  if (!Number.isInteger(microseconds) || microseconds < 0) {
    throw unexpected(['parameters', 'timeout'], 'a whole number of microseconds', timeout);
  }
  if (microseconds > 0) call.shortenTo(microseconds / 1000);
}
