// A stock Socket.IO client in the hands of a test: it does what lines of JSON on stdin say, and reports whatever
// happens to it as lines of JSON on stdout.
//
//   node agent.mjs <url with namespace> <options of io() as JSON>
//
// It knows nothing of Waypost, adds nothing to the client and leaves nothing out, so that what a test sees is what any
// program with this package sees. It ends with its stdin.

import { createInterface } from 'node:readline';
import { io } from 'socket.io-client';

const [url, options] = process.argv.slice(2);
const report = (kind, details = {}) => process.stdout.write(`${JSON.stringify({ kind, ...details })}\n`);

const socket = io(url, JSON.parse(options));

socket.io.on('open', () => {
  const { engine } = socket.io;
  report('open', { transport: engine.transport.name });
  engine.on('upgrade', (transport) => report('upgrade', { transport: transport.name }));
});
socket.on('connect', () => report('connect', { id: socket.id }));
socket.on('disconnect', (reason) => report('disconnect', { reason }));
socket.on('connect_error', (error) => report('connect_error', { message: error.message, data: error.data ?? null }));
socket.onAny((event, ...args) => report('event', { event, args }));

const commands = {
  emit: ({ event, args, ack }) => {
    if (ack === undefined) socket.emit(event, ...args);
    else socket.emit(event, ...args, (...answer) => report('ack', { ack, args: answer }));
  },
  connect: () => socket.connect(),
  disconnect: () => socket.disconnect(),
};

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const command = JSON.parse(line);
  commands[command.do](command);
});
lines.on('close', () => {
  socket.disconnect();
  process.exit(0);
});
