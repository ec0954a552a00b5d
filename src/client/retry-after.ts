/**
 * The milliseconds that an answer's `Retry-After` asks to wait, given in seconds or as a date (RFC 9110,
 * 10.2.3); `undefined` where there is none, or it is neither. A date counts from the answer's own `Date`, since
 * the clocks of two machines differ.
 */
export function retryAfterOf(headers: Headers): number | undefined {
  const header = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(header)) return Number(header) * 1000;
  // Only a day's name begins a date: Date.parse takes much else for one, and local time for C's form of it.
  const isDate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(header);
  const date = isDate ? Date.parse(`${header.replace(/ GMT$/, '')} GMT`) : NaN;
  if (Number.isNaN(date)) return undefined;
  const sent = Date.parse(headers.get('date') ?? '');
  return Math.max(0, date - (Number.isNaN(sent) ? Date.now() : sent));
}
