import { Controller } from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import { expect, it } from 'vitest';
import { EndpointRegistry } from '../../src/endpoint/endpoint-registry.js';
import { deferred } from '../endpoint/deferred.js';
import { startApp } from '../serving-app.js';
import { expectTraces, inSpan } from './spans.js';

@Controller()
class Models {
  started = deferred<void>();
  release = deferred<void>();

  @ModelEndpoint('/held', undefined, { cache: true })
  async held(input: object) {
    this.started.resolve();
    await this.release.promise;
    return inSpan('outgoing', () => input);
  }
}

const id = (requestId: string) => ({ 'x-request-id': requestId });

it('shows how the cache served each call, and leads to the one that was run for it', async () => {
  const { post, app } = await startApp('express', { controllers: [Models] });
  const models = app.get(Models);
  const { routes } = app.get(EndpointRegistry, { strict: false });
  const underway = (calls: number) => expect.poll(() => routes.get('/held')!.inFlight).toBe(calls);
  const calls = [post('/held', {}, id('a'))];
  await models.started.promise;
  calls.push(post('/held', {}, id('b')));
  await underway(2);
  // These want no answer that was begun before they came: they share the next run.
  const renewing = { 'cache-control': 'no-cache' };
  calls.push(post('/held', {}, { ...id('c'), ...renewing }));
  await underway(3);
  calls.push(post('/held', {}, { ...id('d'), ...renewing }));
  await underway(4);
  models.release.resolve();
  await Promise.all(calls);
  await post('/held', {}, id('e'));
  await post('/held', {}, { ...id('f'), 'cache-control': 'no-store' });
  await expectTraces(
    'SERVER POST /held route=/held',
    '  predict a cache=miss outcome=ok (started)',
    '    outgoing',
    'SERVER POST /held route=/held',
    '  predict b cache=coalesced outcome=ok -> leader:predict a',
    'SERVER POST /held route=/held',
    '  predict c cache=bypass outcome=ok (started)',
    '    outgoing',
    'SERVER POST /held route=/held',
    '  predict d cache=bypass outcome=ok -> leader:predict c',
    'SERVER POST /held route=/held',
    '  predict e cache=hit outcome=ok',
    'SERVER POST /held route=/held',
    '  predict f cache=bypass outcome=ok (started)',
    '    outgoing',
  );
});
