// A crowd that says nothing: holds so many sockets at the stations' door and dials anew whenever one is cut. Runs as a process of its own:
//
//   node crowd.ts PORT COUNT
import { connect } from 'node:net';

const [port, count] = process.argv.slice(2).map(Number) as [number, number];
/** What is reset at once is not dialled again at once: the machine is to be busy with the controller's work, not with ours. */
const PAUSE_MS = 500;

function hold(): void {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => {});
  socket.once('close', () => setTimeout(hold, PAUSE_MS));
}

for (let at = 0; at < count; at++) hold();
process.on('disconnect', () => process.exit(0));
process.send!('here');
