// Loaded into a server under test before its own code: tells the runner when the port is open, and
// whenever it is asked how much processor time the process has used, or what memory is alive in it.
import { subscribe } from 'node:diagnostics_channel';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

function tellTime() {
  const { user, system } = process.cpuUsage();
  process.send({ cpuMicros: user + system });
}

/** What is left when no garbage is, with what buffers hold outside the heap. */
async function tellMemory() {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc');
  for (let i = 0; i < 5; i++) {
    collectGarbage();
    await setImmediate();
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  process.send({ heapUsed, external, arrayBuffers });
}

let listening = false;
subscribe('tracing:net.server.listen:asyncEnd', () => {
  if (listening) return;
  listening = true;
  tellTime();
  process.on('message', (asked) => (asked === 'memory' ? tellMemory() : tellTime()));
});
