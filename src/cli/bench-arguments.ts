import { readFileSync } from 'node:fs';
import { validateHeaderName, validateHeaderValue, type OutgoingHttpHeaders } from 'node:http';
import { parseArgs } from 'node:util';
import { bodiesOf } from '../bench/bodies.js';
import type { LoadPlan } from '../bench/load-test.js';
import { namedRates, searchedRates } from '../bench/rates.js';
import { UsageError } from './usage-error.js';

export const USAGE = `Usage: nestjs-model-serving bench <url> [options]

Asks an endpoint at rising rates, each request at its time whether or not earlier ones were answered,
and says which rate the endpoint keeps, and what held it back. Latency counts from the time at which
a request was due. Without --rates it begins with 10 a second, doubles until a rate is not kept, and
closes in on the last that is.

A rate is kept where 99 % of its requests get a good answer and the wait does not grow.

Options:
  --data <file>           what is POSTed: a JSON value, or one on each line, which are taken in turn; may
                          be given several times; - is the standard input. Default: {}
  --content-type <type>   of the data, which is sent as it is unless it is JSON. Default: application/json
  --header <name: value>  may be given several times; also sent to the metrics of the same server
  --rates <list>          requests a second, rising, as in 50,100,200
  --duration <seconds>    of each rate. Default: 10
  --timeout <ms>          after which a request is given up. Default: 30000
  --within <ms>           after which an answer is too late to be a good one. Default: the timeout
  --connections <number>  how many requests may be under way; a rate that needs more is not kept.
                          Default: 4000
  --metrics <url>         the server's metrics. Default: /__metrics of the same server
  --yes                   asks a host other than this machine without a question
  --json                  prints everything as JSON
  --help                  this text

Exit codes: 0 measured, whatever was found; 1 nothing could be measured; 2 wrong use, or a host that
was not confirmed; 130 interrupted, after what there was has been printed.
`;

/** What a command line says. */
export interface BenchArguments {
  readonly plan: LoadPlan;
  readonly isConfirmed: boolean;
  readonly asJson: boolean;
}

const OPTIONS = {
  data: { type: 'string', multiple: true },
  'content-type': { type: 'string' },
  header: { type: 'string', multiple: true },
  rates: { type: 'string' },
  duration: { type: 'string', default: '10' },
  timeout: { type: 'string', default: '30000' },
  within: { type: 'string' },
  connections: { type: 'string', default: '4000' },
  metrics: { type: 'string' },
  yes: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

/** @throws {UsageError} with a sentence that names the option */
export function benchArguments(args: readonly string[]): BenchArguments {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: OPTIONS,
    });
    if (positionals.length !== 1) throw new Error(`expected one URL, got ${positionals.length}`);
    const url = urlOf('the URL', positionals[0]!);
    const headers = headersOf(values.header ?? []);
    const contentType =
      values['content-type'] ?? headers['content-type']?.[0] ?? 'application/json';
    headers['content-type'] = [headerOf(`content-type: ${contentType}`, '--content-type')[1]];
    const timeout = timeoutOf(values.timeout);
    const plan: LoadPlan = {
      target: { url, headers: sentAs(headers), bodies: dataOf(values.data ?? [], contentType) },
      rates: values.rates === undefined ? searchedRates() : namedRates(ratesOf(values.rates)),
      seconds: numberOf('--duration', values.duration),
      timeout,
      within: values.within === undefined ? timeout : numberOf('--within', values.within),
      connections: wholeOf('--connections', values.connections),
      metrics:
        values.metrics === undefined
          ? new URL('/__metrics', url)
          : urlOf('--metrics', values.metrics),
    };
    return { plan, isConfirmed: values.yes, asJson: values.json };
  } catch (error) {
    throw new UsageError((error as Error).message, USAGE);
  }
}

function urlOf(option: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && isDecodable(url.username + url.password)) return url;
  throw new Error(`${option}: expected http://… or https://…, got "${text}"`);
}

function isDecodable(text: string): boolean {
  try {
    return decodeURIComponent(text) !== undefined;
  } catch {
    return false;
  }
}

function headersOf(lines: readonly string[]): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  for (const line of lines) {
    const [name, value] = headerOf(line, '--header');
    // These say where a body ends.
    if (/^(content-length|transfer-encoding|connection)$/.test(name)) {
      throw new Error(`--header: ${name} is set by the command`);
    }
    (headers[name] ??= []).push(value);
  }
  return headers;
}

/** One value by itself: `Host` may not be a list for Node, however short. */
function sentAs(headers: Readonly<Record<string, readonly string[]>>): OutgoingHttpHeaders {
  const { host: [host, ...more] = [], ...others } = headers;
  if (more.length > 0) throw new Error('--header: expected one host, got several');
  return { ...others, ...(host !== undefined && { host }) } as OutgoingHttpHeaders;
}

function headerOf(line: string, option: string): [name: string, value: string] {
  const [, name = '', value = ''] = /^([^:]*):\s*(.*?)\s*$/s.exec(line) ?? [];
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch {
    throw new Error(`${option}: expected "Name: value", got "${line}"`);
  }
  return [name.toLowerCase(), value];
}

function dataOf(files: readonly string[], contentType: string): Buffer[] {
  if (files.length === 0) return [Buffer.from('{}')];
  return files.flatMap((file) => {
    try {
      return bodiesOf(readFileSync(file === '-' ? 0 : file), contentType);
    } catch (error) {
      throw new Error(`--data ${file}: ${(error as Error).message}`);
    }
  });
}

function ratesOf(text: string): number[] {
  const rates = text.split(',').map((rate) => numberOf('--rates', rate));
  if (rates.every((rate, index) => index === 0 || rate > rates[index - 1]!)) return rates;
  throw new Error(`--rates: expected rising rates, got ${text}`);
}

function numberOf(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new Error(`${option}: expected a number above 0, got "${text}"`);
}

/** What Node's timers take. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

function timeoutOf(text: string): number {
  const value = numberOf('--timeout', text);
  if (value <= LONGEST_TIMEOUT) return value;
  throw new Error(`--timeout: expected at most ${LONGEST_TIMEOUT}, got "${text}"`);
}

function wholeOf(option: string, text: string): number {
  const value = numberOf(option, text);
  if (Number.isInteger(value)) return value;
  throw new Error(`${option}: expected a whole number, got "${text}"`);
}
