// Loaded into a server under test before its own code: tells the runner when the port is open, and how
// much processor time the process has used whenever it is asked.
import { subscribe } from 'node:diagnostics_channel';

function report() {
  const { user, system } = process.cpuUsage();
  process.send({ cpuMicros: user + system });
}

let listening = false;
subscribe('tracing:net.server.listen:asyncEnd', () => {
  if (listening) return;
  listening = true;
  report();
  process.on('message', report);
});
