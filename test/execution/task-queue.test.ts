import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TaskQueue, type QueueEntry } from '../../src/execution/task-queue.js';

class Entry implements QueueEntry<Entry> {
  queue: TaskQueue<Entry> | undefined;
  previous: Entry | undefined;
  next: Entry | undefined;
  constructor(readonly size: number) {}
}

it('a queue behaves as an array does, whoever leaves it', () => {
  const step = fc.oneof(
    fc.record({ push: fc.nat({ max: 5 }) }),
    fc.record({ remove: fc.nat() }),
    fc.constant('shift' as const),
    fc.constant('clear' as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const queue = new TaskQueue<Entry>();
      let model: Entry[] = [];
      for (const next of steps) {
        if (next === 'shift') expect(queue.shift()).toBe(model.shift());
        else if (next === 'clear') {
          expect(queue.clear()).toEqual(model);
          model = [];
        } else if ('push' in next) {
          const entry = new Entry(next.push);
          queue.push(entry);
          model.push(entry);
        } else if (model.length > 0) {
          const [entry] = model.splice(next.remove % model.length, 1);
          queue.remove(entry!);
          expect(entry!.queue).toBeUndefined();
        }
        expect(queue.head).toBe(model[0]);
        expect(queue.length).toBe(model.length);
        expect(queue.size).toBe(model.reduce((sum, { size }) => sum + size, 0));
      }
      expect(queue.clear()).toEqual(model);
    }),
  );
});
