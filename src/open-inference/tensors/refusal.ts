import { InvalidRequest, summaryOf } from '../../errors/index.js';
import { pathText, type Path } from '../../json/index.js';
import { describe } from '../../schema/report.js';

/** What is wrong at a place of a request: `Invalid request at inputs[0].data[3]: expected …, got …`. */
export function refusal(place: Path, message: string): InvalidRequest {
  const path = pathText(place);
  const summary = summaryOf('request', [{ path: path.slice('$.'.length) || 'its root', message }]);
  return new InvalidRequest(summary, { details: [{ path, message }] });
}

/** The same of a value that should have been another. */
export function unexpected(place: Path, expected: string, got: unknown): InvalidRequest {
  return refusal(place, `expected ${expected}, got ${describe(got)}`);
}
