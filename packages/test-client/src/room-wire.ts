/** Joining and leaving over a socket: with an ack, which older servers do not give. */
import type { ClientSocket } from './connection';
import type { EventLog } from './log';
import type { RoomWire } from './rooms';

const ACK_WAIT_MS = 8_000;

export function roomWire(socket: ClientSocket, log: EventLog): RoomWire {
  return {
    async join(room) {
      const event = room.kind === 'general' ? 'joinWhatsAppGeneral' : 'joinWhatsAppCustomer';
      const patient = socket.timeout(ACK_WAIT_MS);
      try {
        const ack = room.kind === 'general' ? await patient.emitWithAck('joinWhatsAppGeneral') : await patient.emitWithAck('joinWhatsAppCustomer', room.customer);
        log.record('ack', event, [ack]);
        return ack;
      } catch (error) {
        log.record('state', `${event}: no ack`, [error instanceof Error ? error.message : String(error)]);
        throw error;
      }
    },
    leave(room) {
      if (room.kind === 'general') socket.emit('leaveWhatsAppGeneral');
      else socket.emit('leaveWhatsAppCustomer', room.customer);
    },
  };
}
