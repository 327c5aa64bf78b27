// A process of its own that reads registers as fast as it is answered, on many connections: node flooder.ts PORT CLIENTS IN_FLIGHT MS. Prints its figures.
import { once } from 'node:events';
import { connect } from 'node:net';

const [port, clients, inFlight, forMs] = process.argv.slice(2).map(Number) as [number, number, number, number];
const COUNT = 125;
const ANSWER_BYTES = 9 + 2 * COUNT;
/** Circuits, EVSEs and the SunSpec block by turns. */
const STARTS = [12_000, 12_125, 40_000] as const;

function requestAt(turn: number): Buffer {
  const bytes = Buffer.from([0, 0, 0, 0, 0, 6, 1, 3, 0, 0, 0, COUNT]);
  bytes.writeUInt16BE(turn & 0xffff, 0);
  bytes.writeUInt16BE(STARTS[turn % STARTS.length]!, 8);
  return bytes;
}

const latencyMs: number[] = [];
let wrong = 0;

async function flood(): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.setNoDelay(true);
  const sentAt: number[] = [];
  let sent = 0;
  let answered = 0;
  let rest = Buffer.alloc(0);
  const send = () => {
    sentAt.push(performance.now());
    socket.write(requestAt(sent++));
  };
  for (let at = 0; at < inFlight; at++) send();
  const endsAt = performance.now() + forMs;
  await new Promise<void>((done) => {
    socket.on('close', () => done());
    socket.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      while (rest.length >= ANSWER_BYTES) {
        if (rest.readUInt16BE(0) !== (answered & 0xffff) || rest[7] !== 3 || rest[8] !== 2 * COUNT) wrong++;
        rest = rest.subarray(ANSWER_BYTES);
        answered++;
        latencyMs.push(performance.now() - sentAt.shift()!);
        if (performance.now() < endsAt) send();
        else if (sentAt.length === 0) socket.destroy();
      }
    });
  });
}

const beganAt = performance.now();
await Promise.all(Array.from({ length: clients }, flood));
const seconds = (performance.now() - beganAt) / 1_000;
latencyMs.sort((a, b) => a - b);
const at = (part: number) =>
  latencyMs[Math.min(latencyMs.length - 1, Math.floor(latencyMs.length * part))] ?? Number.NaN;
console.log(
  JSON.stringify({ perSecond: latencyMs.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), wrong }),
);
