/** What stands where messages would, and why there are none. */
import type { ConnectionState } from './connection';
import type { RoomEntry } from './rooms';

export interface EmptyState {
  readonly title: string;
  readonly text: string;
  /** What one press could do about it. */
  readonly offer: 'join general' | undefined;
}

export function emptyStateOf(connection: ConnectionState['kind'], rooms: readonly RoomEntry[]): EmptyState {
  switch (connection) {
    case 'idle':
    case 'closed':
      return said('Not connected', 'Connect, join a room, and messages appear here as they arrive.');
    case 'connecting':
      return said('Connecting…', 'The first answer is on its way.');
    case 'refused':
      return said('Connection refused', 'The reason stands in the connection’s card. Nothing can arrive until it is mended.');
    case 'reconnecting':
      return said('No connection', 'It is tried again by itself, and rooms are joined anew.');
    case 'connected':
      return whileConnected(rooms);
  }
}

function whileConnected(rooms: readonly RoomEntry[]): EmptyState {
  const joined = rooms.filter(({ membership }) => membership === 'joined');
  if (joined.some(({ room }) => room.kind === 'general')) return said('Listening', 'No message yet. The next one appears here at once.');
  if (joined.length > 0) {
    const whose = joined.length === 1 ? 'the customer whose room is joined' : 'the customers whose rooms are joined';
    return said('Listening', `Only to ${whose}. The next message appears here at once.`);
  }
  if (rooms.some(({ membership }) => membership === 'joining')) return said('Joining…', 'The server’s answer is on its way.');
  return { ...said('Not listening yet', 'Join the general room, or a customer’s, to see messages.'), offer: 'join general' };
}

function said(title: string, text: string): EmptyState {
  return { title, text, offer: undefined };
}
