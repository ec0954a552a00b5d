import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { OpenInferenceModule } from 'nestjs-model-serving/open-inference';
import { describe, expect, it } from 'vitest';
import { GRPC_DOORS, startGrpc } from '../grpc/shared-app.js';
import { SIMPLE_MODELS } from './simple-models.js';

/** A Python that has Triton's client, such as one with it in `PYTHONPATH`; undefined where there is none. */
const python = ['python3', '/usr/bin/python3'].find((command) => {
  try {
    execFileSync(command, ['-c', 'import tritonclient.grpc.aio, tritonclient.http.aio'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
});
if (python === undefined) console.warn('no client of Python: tritonclient is not installed');

describe.skipIf(python === undefined)("Triton's client for Python", () => {
  it.each(GRPC_DOORS)('is answered on $door', { timeout: 120_000 }, async (way) => {
    const { url, address } = await startGrpc(way, {
      imports: [OpenInferenceModule.forRoot({ serverName: 'triton' })],
      controllers: SIMPLE_MODELS,
    });
    const script = fileURLToPath(new URL('fixtures/triton_client.py', import.meta.url));
    const { stdout } = await promisify(execFile)(python!, [script, new URL(url).host, address]);
    expect(stdout.trim()).toBe('all answered');
  });
});
