import { ServingError } from '../errors/index.js';
import { acceptedType } from './accept.js';

/** How a stream of answers is written down, each of them a text of JSON. */
export interface StreamForm {
  /** The `Content-Type`. */
  readonly type: string;
  item(text: string, index: number): string;
  /** What tells a whole stream from one that was cut. */
  readonly end: string;
  failure(text: string): string;
  /** What keeps a silent connection awake, and means nothing. */
  readonly comment: string | undefined;
}

/**
 * Server-sent events, as HTML has them. An event without data would never be dispatched, so that the last
 * one has some.
 */
const EVENTS: StreamForm = {
  type: 'text/event-stream',
  item: (text, index) => `id: ${index}\ndata: ${text}\n\n`,
  end: 'event: end\ndata: {}\n\n',
  failure: (text) => `event: error\ndata: ${text}\n\n`,
  comment: ':\n\n',
};

const lines = (type: string): StreamForm => ({
  type,
  item: (text) => `${text}\n`,
  end: '',
  failure: (text) => `${text}\n`,
  comment: undefined,
});

/** By media type, the preferred ones first; `undefined` is one array, sent when it is whole. */
const FORMS: Readonly<Record<string, StreamForm | undefined>> = {
  'text/event-stream': EVENTS,
  'application/x-ndjson': lines('application/x-ndjson'),
  'application/jsonl': lines('application/jsonl'),
  'application/json': undefined,
};

/** As an `Accept` is answered, the preferred one first. */
export const STREAM_TYPES: readonly string[] = Object.keys(FORMS);

/**
 * The form in which a client wants a stream, by its `Accept`.
 *
 * @returns `undefined` for one JSON array
 * @throws {ServingError} `NotAcceptable`
 */
export function streamFormOf(accept: string | undefined): StreamForm | undefined {
  const chosen = acceptedType(accept || '*/*', STREAM_TYPES);
  if (chosen !== undefined) return FORMS[chosen];
  throw new ServingError(
    'NotAcceptable',
    `Expected Accept to allow text/event-stream, application/x-ndjson or application/json, got ${accept!.slice(0, 60)}`,
  );
}
