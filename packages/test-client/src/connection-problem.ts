/** What is wrong with the connection, and what to do about it, for a person. */
import type { ConnectionState } from './connection';

export type Network = 'online' | 'offline';

export function problemOf(state: ConnectionState, network: Network): string | undefined {
  switch (state.kind) {
    case 'refused':
      return refusal(state.code, sentence(state.message));
    case 'closed':
      return `The server ended the connection (${state.reason}). It will not be tried again by itself.`;
    case 'reconnecting':
      if (network === 'offline') return 'This browser is offline. The connection comes back by itself.';
      return `Trying again by itself; rooms are joined anew. ${state.reason === '' ? '' : sentence(`Last error: ${state.reason}`)}`;
    case 'idle':
    case 'connecting':
    case 'connected':
      return undefined;
  }
}

function refusal(code: string | undefined, message: string): string {
  if (code === undefined) return `Refused: ${message} A refusal is final; connect anew once its cause is mended.`;
  if (code === 'unauthenticated') return `Refused (${code}): ${message} No key that works? Make one on the server: waypost key create`;
  return `Refused (${code}): ${message} A refusal is final; connect anew once its cause is mended.`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
