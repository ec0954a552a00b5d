import { HttpException } from '@nestjs/common';
import { expect, it } from 'vitest';
import { toldFailure } from '../../src/client/failure.js';
import { CODES } from '../../src/client/serving-client-error.js';
import { answerOf } from '../../src/gate/failure-answer.js';
import { RPC_CODES } from '../../src/gate/rpc-status.js';

/** The client imports nothing of the server, and has its tables once more. */
it('The codes of the client have the numbers of those of the server', () => {
  expect(Object.fromEntries(CODES.map((name, number) => [name, number]))).toEqual(RPC_CODES);
});

it('A status without a code stands for what the server calls it', () => {
  // A proxy's: a request that took too long, and a server behind it that is not there.
  const ofProxies = [408, 502];
  for (let status = 400; status < 600; status++) {
    if (ofProxies.includes(status)) continue;
    const { code } = toldFailure({}, new Response('', { status }));
    expect([status, code]).toEqual([status, answerOf(new HttpException('', status)).code]);
  }
});
