import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** The client as an app for browsers would carry it. */
export async function bundle(): Promise<{ code: string; imports: string[] }> {
  const input = fileURLToPath(new URL('../../src/client/index.ts', import.meta.url));
  const bundled = await rolldown({ input, platform: 'browser' });
  const { output } = await bundled.generate({ format: 'esm', minify: true });
  return output[0];
}
