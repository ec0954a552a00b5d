import { describe, expect, it } from 'vitest';
import { WaitEstimate } from '../../src/execution/wait-estimate.js';

describe('the estimate of the wait', () => {
  it('is one second while nothing is known', () => {
    expect(new WaitEstimate(1).seconds(1000)).toBe(1);
  });

  it('is the runs ahead, by the slots that share them, in whole seconds rounded up', () => {
    const estimate = new WaitEstimate(4);
    estimate.record(500, 1);
    expect(estimate.seconds(8)).toBe(1);
    expect(estimate.seconds(9)).toBe(2);
    expect(estimate.seconds(80)).toBe(10);
  });

  it('takes batches for what they hold', () => {
    const estimate = new WaitEstimate(1);
    estimate.record(1000, 10);
    expect(estimate.seconds(50)).toBe(5);
  });

  it('follows the model when it gets slower', () => {
    const estimate = new WaitEstimate(1);
    estimate.record(100, 1);
    for (let runs = 0; runs < 50; runs++) estimate.record(1000, 1);
    expect(estimate.seconds(10)).toBe(10);
  });

  it('is never beyond 30 seconds', () => {
    const estimate = new WaitEstimate(1);
    estimate.record(60_000, 1);
    expect(estimate.seconds(1000)).toBe(30);
  });
});
