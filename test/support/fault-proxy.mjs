#!/usr/bin/env node
// TCP proxy that stands between a Modbus client and a Modbus server and spoils the traffic on demand.
// No dependencies. Carries MBAP (Modbus TCP) or RTU-over-TCP; listens on loopback only.
//
//   node fault-proxy.mjs <listenPort> <targetHost:port> [--ctl <port>] [--framing mbap|rtu]
//
// Port 0 lets the system choose; the ports in use are printed as one JSON line once both sockets listen:
//   {"proxy":15120,"ctl":16120,"target":"127.0.0.1:15020","framing":"mbap"}
// The control port (default: listen port + 1000, or any free one when the listen port is 0) takes one line of JSON
// per connection and answers "ok" or "error: ...". The mode then holds for all connections until it is changed;
// a one-shot mode falls back to "pass" after it has struck once.
//
// mode                        acts on    what it does
// pass                                   forwards both ways
// delay     {ms}              replies    every reply later by ms (a slow meter or gateway)
// delayOnce {ms}              one reply  the next reply later by ms
// drop                        replies    swallows every reply
// dropOnce                    one reply  swallows the next reply
// half      {keep=7}          one reply  sends the first `keep` bytes only, the rest never
// split     {ms=1}            replies    byte by byte, ms between bytes
// merge     {ms=50}           replies    holds replies for ms, then sends them in one segment
// garbage   {hex="deadbeef"}  one reply  puts bytes before the reply
// badlen    {len=65535}       one reply  overwrites the MBAP length field (mbap)
// badtid    {delta=1}         one reply  shifts the MBAP transaction id (mbap)
// badproto                    one reply  sets the MBAP protocol id to 1 (mbap)
// badcrc                      one reply  flips the last CRC byte (rtu)
// badunit   {unit=77}         one reply  rewrites the unit id
// dup                         one reply  sends the reply twice
// twin      {ms}              one reply  sends the reply, and again ms later to whoever is connected then
// orphan    {ms}              one reply  sends it ms later only, to whoever is connected then (a gateway that passes frames through)
// exception {code=11}         one req.   answers with a Modbus exception; the request is not forwarded
// rst                         one req.   resets the client's connection
// fin                         one req.   ends the client's connection
// blackhole                   requests   reads them, never answers, never closes
// refuse    {drop=false}      connects   stops listening until the mode changes; open connections stay, or are reset with drop
//
// One TCP chunk is taken for one frame, which holds while the client keeps one request in flight.
import net from 'node:net';

const ONE_SHOT = new Set([
  'delayOnce',
  'dropOnce',
  'half',
  'garbage',
  'badlen',
  'badtid',
  'badproto',
  'badcrc',
  'badunit',
  'dup',
  'twin',
  'orphan',
  'exception',
  'rst',
  'fin',
]);
const LASTING = new Set(['pass', 'delay', 'drop', 'split', 'merge', 'blackhole', 'refuse']);
const MBAP_ONLY = new Set(['badlen', 'badtid', 'badproto']);
const RTU_ONLY = new Set(['badcrc']);
const NEEDS_MS = new Set(['delay', 'delayOnce', 'twin', 'orphan']);

const [, , listenArg, targetArg, ...options] = process.argv;
const option = (name, fallback) => {
  const at = options.indexOf(`--${name}`);
  return at < 0 ? fallback : options[at + 1];
};
const framing = option('framing', 'mbap');
const listenPort = Number(listenArg);
const ctlPort = Number(option('ctl', listenPort === 0 ? 0 : listenPort + 1000));
const [targetHost, targetPort] = (targetArg ?? '').split(':');
if (
  !Number.isInteger(listenPort) ||
  !Number.isInteger(ctlPort) ||
  !targetHost ||
  !Number(targetPort) ||
  !['mbap', 'rtu'].includes(framing)
) {
  console.error('usage: node fault-proxy.mjs <listenPort> <targetHost:port> [--ctl <port>] [--framing mbap|rtu]');
  process.exit(2);
}

let current = { mode: 'pass' };
/** The fault to apply now; a one-shot fault is used up by asking. */
const take = () => {
  const fault = current;
  if (ONE_SHOT.has(fault.mode)) current = { mode: 'pass' };
  return fault;
};
const actsOnRequests = () => ['exception', 'rst', 'fin', 'blackhole'].includes(current.mode);

function crc16(bytes) {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return crc;
}

function exceptionReply(request, code) {
  if (framing === 'mbap') return Buffer.from([request[0], request[1], 0, 0, 0, 3, request[6], request[7] | 0x80, code]);
  const body = Buffer.from([request[0], request[1] | 0x80, code]);
  const crc = crc16(body);
  return Buffer.concat([body, Buffer.from([crc & 0xff, crc >> 8])]);
}

/** Changes one reply as the fault asks; faults of timing and connection are handled by the caller. */
function spoil(reply, fault) {
  const bytes = Buffer.from(reply);
  switch (fault.mode) {
    case 'half':
      return bytes.subarray(0, fault.keep ?? 7);
    case 'garbage':
      return Buffer.concat([Buffer.from(fault.hex ?? 'deadbeef', 'hex'), bytes]);
    case 'dup':
      return Buffer.concat([bytes, bytes]);
    case 'badlen':
      bytes.writeUInt16BE(fault.len ?? 0xffff, 4);
      return bytes;
    case 'badtid':
      bytes.writeUInt16BE((bytes.readUInt16BE(0) + (fault.delta ?? 1)) & 0xffff, 0);
      return bytes;
    case 'badproto':
      bytes.writeUInt16BE(1, 2);
      return bytes;
    case 'badcrc':
      bytes[bytes.length - 1] ^= 0xff;
      return bytes;
    case 'badunit':
      bytes[framing === 'mbap' ? 6 : 0] = fault.unit ?? 77;
      return bytes;
    default:
      return bytes;
  }
}

const clients = new Set();
const sendToAll = (bytes) => {
  for (const client of clients) if (!client.destroyed) client.write(bytes);
};

const proxy = net.createServer((client) => {
  clients.add(client);
  const upstream = net.connect({ host: targetHost, port: Number(targetPort) });
  client.setNoDelay(true);
  upstream.setNoDelay(true);
  client.on('error', () => upstream.destroy());
  upstream.on('error', () => client.destroy());
  client.on('close', () => {
    clients.delete(client);
    upstream.destroy();
  });
  upstream.on('close', () => client.destroy());
  const send = (bytes) => {
    if (!client.destroyed) client.write(bytes);
  };

  client.on('data', (request) => {
    if (!actsOnRequests()) {
      upstream.write(request);
      return;
    }
    const fault = take();
    if (fault.mode === 'rst') client.resetAndDestroy();
    else if (fault.mode === 'fin') client.end();
    else if (fault.mode === 'exception') send(exceptionReply(request, fault.code ?? 11));
  });

  let held = null;
  upstream.on('data', (reply) => {
    if (actsOnRequests()) {
      send(reply);
      return;
    }
    const fault = take();
    switch (fault.mode) {
      case 'delay':
      case 'delayOnce':
        setTimeout(send, fault.ms, reply);
        return;
      case 'twin':
        send(reply);
        setTimeout(sendToAll, fault.ms, reply);
        return;
      case 'orphan':
        setTimeout(sendToAll, fault.ms, reply);
        return;
      case 'drop':
      case 'dropOnce':
        return;
      case 'split':
        for (const [i, byte] of reply.entries()) setTimeout(send, i * (fault.ms ?? 1), Buffer.from([byte]));
        return;
      case 'merge':
        if (held === null) {
          held = [];
          setTimeout(() => {
            send(Buffer.concat(held));
            held = null;
          }, fault.ms ?? 50);
        }
        held.push(reply);
        return;
      default:
        send(spoil(reply, fault));
    }
  });
});

function setMode(line) {
  const fault = JSON.parse(line);
  if (!ONE_SHOT.has(fault.mode) && !LASTING.has(fault.mode))
    throw new Error(`unknown mode ${JSON.stringify(fault.mode)}`);
  if (framing === 'rtu' && MBAP_ONLY.has(fault.mode)) throw new Error(`mode ${fault.mode} needs --framing mbap`);
  if (framing === 'mbap' && RTU_ONLY.has(fault.mode)) throw new Error(`mode ${fault.mode} needs --framing rtu`);
  if (NEEDS_MS.has(fault.mode) && !(fault.ms >= 0)) throw new Error(`mode ${fault.mode} needs ms`);
  current = fault;
  if (fault.mode === 'refuse') {
    proxy.close();
    if (fault.drop) for (const client of clients) client.resetAndDestroy();
  } else if (!proxy.listening) proxy.listen(boundPort, '127.0.0.1');
}

const control = net.createServer((socket) => {
  let text = '';
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    text += chunk;
    if (!text.includes('\n')) return;
    try {
      setMode(text.slice(0, text.indexOf('\n')));
      socket.end('ok\n');
    } catch (error) {
      socket.end(`error: ${error.message}\n`);
    }
  });
});

let boundPort = listenPort;
proxy.once('listening', () => {
  boundPort = proxy.address().port;
  control.listen(ctlPort, '127.0.0.1', () => {
    console.log(JSON.stringify({ proxy: boundPort, ctl: control.address().port, target: targetArg, framing }));
  });
});
for (const server of [proxy, control])
  server.on('error', (error) => {
    console.error(error.message);
    process.exit(1);
  });
proxy.listen(listenPort, '127.0.0.1');
