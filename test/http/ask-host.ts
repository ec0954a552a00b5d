import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';

/** Posts to a host of any name at a server's port, the path as it is: `fetch` would change both. */
export async function askHost(
  port: number | string,
  host: string,
  path: string,
  body: string,
  headers: Record<string, string> = {},
) {
  const client = request({
    port,
    path,
    method: 'POST',
    agent: false,
    headers: { host, 'content-length': body.length, ...headers },
  });
  client.end(body);
  const [response] = (await once(client, 'response')) as [IncomingMessage];
  return { status: response.statusCode!, body: (await json(response)) as Record<string, unknown> };
}
