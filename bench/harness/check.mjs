/**
 * What a server must answer for its rates to count.
 *
 * @typedef {object} Expectation
 * @property {import('./load.mjs').Shot} shot
 * @property {unknown} answer       Compared after parsing, numbers within `tolerance`.
 * @property {number} [tolerance]
 * @property {string} [refused]     A body that must be answered with a 4xx.
 * @property {string} [metrics]     A path whose text must count the requests in a histogram.
 * @property {boolean} [guarded]    A request with `X-Refuse` must be answered with 403.
 * @property {boolean} [hit]        The second answer must carry `X-Cache: HIT`.
 */

/**
 * Throws unless the server answers as expected; called before and after it is timed.
 *
 * @param {import('./server.mjs').Server} server
 * @param {Expectation} expectation
 */
export async function check(server, expectation) {
  const { shot, answer, tolerance = 0, refused, metrics, guarded, hit } = expectation;
  const post = (body, headers = {}) =>
    fetch(server.origin + shot.path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
  let response = await post(shot.body);
  if (hit) {
    await response.arrayBuffer();
    response = await post(shot.body);
    expect(server, 'X-Cache', response.headers.get('x-cache'), 'HIT');
  }
  const text = await response.text();
  expect(server, `the status (body ${text.slice(0, 200)})`, response.status, 200);
  if (!same(JSON.parse(text), answer, tolerance)) {
    throw new Error(`${server.name} answered ${text.slice(0, 300)}`);
  }
  if (refused !== undefined) {
    const { status } = await post(refused);
    expect(server, 'a refusal', status >= 400 && status < 500, true);
  }
  if (guarded) {
    const { status } = await post(shot.body, { 'x-refuse': '1' });
    expect(server, 'the status of what the guard refuses', status, 403);
  }
  if (metrics !== undefined) {
    const scraped = await (await fetch(server.origin + metrics)).text();
    expect(server, 'a histogram in its metrics', /_bucket\{.*\} [1-9]/.test(scraped), true);
  }
}

function expect(server, what, got, expected) {
  if (got !== expected)
    throw new Error(`${server.name}: expected ${what} to be ${expected}, got ${got}`);
}

/** Deep equality of JSON values, numbers within `tolerance`. */
function same(a, b, tolerance) {
  if (typeof a === 'number' && typeof b === 'number') return Math.abs(a - b) <= tolerance;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => same(a[key], b[key], tolerance))
  );
}
