import { Controller, Inject, Injectable, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { OnnxModel } from 'nestjs-model-serving/onnx';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, createApp, startApp } from '../serving-app.js';

let made = 0;

@Injectable({ scope: Scope.REQUEST })
class Tenant {
  readonly serial = ++made;
  constructor(@Inject(REQUEST) private readonly request: { headers: Record<string, string> }) {}
  get name() {
    return this.request.headers['x-tenant'];
  }
}

@ModelEndpoint('/tenant')
class TenantModel {
  constructor(@Inject(Tenant) private readonly tenant: Tenant) {}
  predict(input: object, { requestId }: PredictContext) {
    return { input, tenant: this.tenant.name, serial: this.tenant.serial, requestId };
  }
}

@Injectable({ scope: Scope.REQUEST })
class RequestModel extends OnnxModel {
  constructor() {
    super('model.onnx');
  }
}

@ModelEndpoint('/x')
class LoadedAtStart {
  constructor(@Inject(RequestModel) readonly model: RequestModel) {}
  predict() {
    return {};
  }
}

@Injectable()
class Between {
  @Inject(RequestModel)
  readonly model!: RequestModel;
}

@ModelEndpoint('/x')
class ThroughAnother {
  constructor(@Inject(Between) readonly between: Between) {}
  predict() {
    return {};
  }
}

@ModelEndpoint('/x')
@Controller({ scope: Scope.REQUEST })
class LoadedInController {
  onModuleInit() {}
  predict() {
    return {};
  }
}

describe.each(ADAPTERS)('a class with request-scoped providers on %s', (adapter) => {
  it('is made for every request', async () => {
    made = 0;
    const app = await startApp(adapter, { controllers: [TenantModel], providers: [Tenant] });
    for (const [index, name] of ['a', 'b'].entries()) {
      const headers = { 'x-tenant': name, 'x-request-id': `r${index}` };
      const { status, body } = await app.post('/tenant', { n: index }, headers);
      expect({ status, body }).toEqual({
        status: 200,
        body: { input: { n: index }, tenant: name, serial: index + 1, requestId: `r${index}` },
      });
    }
    expect((await app.post('/tenant', 'x')).status).toBe(400);
    expect(made).toBe(2);
  });

  it.each([
    ['batch', { batch: {} }],
    ['warmup', { warmup: [{}] }],
  ])('cannot have %s: boot says so', async (option, options) => {
    @Controller()
    class Model {
      constructor(@Inject(Tenant) readonly tenant: Tenant) {}
      @ModelEndpoint('/x', undefined, options as never)
      run(): never {
        throw new Error('never called');
      }
    }
    const app = await createApp(adapter, { controllers: [Model], providers: [Tenant] });
    await expect(app.init()).rejects.toThrow(
      new RegExp(`^Model.run: expected its scope .*${option}.*, got 'a request scope'$`),
    );
  });

  it.each([LoadedAtStart, LoadedInController, ThroughAnother])(
    'cannot have a model that is loaded at start: %o',
    async (controller) => {
      const providers = [Tenant, RequestModel, Between];
      const app = await createApp(adapter, { controllers: [controller], providers });
      const loads = controller === LoadedInController ? controller : RequestModel;
      await expect(app.init()).rejects.toThrow(
        `${controller.name}: expected the scope of ${loads.name} to be DEFAULT, so that Nest calls its onModuleInit at start, got 'a request scope'`,
      );
    },
  );
});
