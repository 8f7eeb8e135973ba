/** What the list of messages leaves out; undefined when it leaves out nothing. */
import { CONVERSATIONS_MAX, MESSAGES_PER_CONVERSATION_MAX } from './conversations';

export interface Cut {
  readonly shown: number;
  /** How many could be shown, were the list long enough. */
  readonly held: number;
  readonly dropped: number;
}

export function footnote({ shown, held, dropped }: Cut): string | undefined {
  const parts: string[] = [];
  if (shown < held) parts.push(`Newest ${shown.toLocaleString()} of ${held.toLocaleString()} shown`);
  if (dropped > 0) {
    parts.push(`this tab keeps ${CONVERSATIONS_MAX} customers × ${MESSAGES_PER_CONVERSATION_MAX} messages`);
    parts.push(`${dropped.toLocaleString()} older dropped from this page`);
  }
  return parts.length === 0 ? undefined : parts.join(' · ');
}
