import { Test } from '@nestjs/testing';
import { Controller } from '@nestjs/common';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { expect, it } from 'vitest';

class Detector {
  detect = (text: string) => text.length;
}

@ModelEndpoint('/classify', undefined, { cache: true, maxConcurrency: 1 })
class Classifier {
  constructor(private readonly detector: Detector) {}
  predict({ text }: { text: string }, context?: Pick<PredictContext, 'requestId'>) {
    return { length: this.detector.detect(text), requestId: context?.requestId };
  }
}

it('predict is a plain method to a unit test', () => {
  const classifier = new Classifier(new Detector());
  expect(classifier.predict({ text: 'abc' })).toEqual({ length: 3, requestId: undefined });
  expect(classifier.predict({ text: 'ab' }, { requestId: 'r' })).toEqual({
    length: 2,
    requestId: 'r',
  });
  expect(Classifier.prototype.predict.name).toBe('predict');
});

it('a throw of a directly called predict reaches the caller as it is', () => {
  @Controller()
  class Model {
    @ModelEndpoint('/fail')
    fail(): object {
      throw new TypeError('as it is');
    }
  }
  expect(() => new Model().fail()).toThrow(new TypeError('as it is'));
});

it('a class can be tested in a Nest testing module without ModelServingModule', async () => {
  const module = await Test.createTestingModule({
    controllers: [Classifier],
    providers: [Detector],
  }).compile();
  expect(module.get(Classifier).predict({ text: 'abc' }).length).toBe(3);
});
