import { describe, expect, it } from 'vitest';
import { Pulse } from '../../src/serve/pulse.js';

/** How many beats are due until the process counts as hanging. */
function beatsToHang(pulse: Pulse): number {
  let beats = 1;
  while (!pulse.due()) beats += 1;
  return beats;
}

describe('A pulse', () => {
  it('is lost after more than ten missed beats of a process that serves', () => {
    const pulse = new Pulse();
    pulse.serves();
    expect(beatsToHang(pulse)).toBe(11);
    expect(pulse.silence).toBe(11);
  });

  it('is back with any sign of life', () => {
    const pulse = new Pulse();
    pulse.serves();
    for (let i = 0; i < 9; i++) expect(pulse.due()).toBe(false);
    pulse.felt();
    expect(beatsToHang(pulse)).toBe(11);
  });

  it('has ten minutes to become that of a process that serves, whatever is felt before', () => {
    const pulse = new Pulse();
    expect(pulse.due()).toBe(false);
    pulse.felt();
    expect(beatsToHang(pulse)).toBe(600);
  });
});
