/** From a person's intent to the outbox entry that tells what became of it. */
import { describeError } from './json';
import type { JsonRecord } from './json';
import type { Conversation } from './conversations';
import type { EventLog } from './log';
import type { Outbox } from './outbox';
import { toneOf } from './outbox';
import { post, problemText, readSendAnswer } from './rest';
import type { Endpoint, Fetch, PostResult } from './rest';

export interface SendOutcome {
  readonly tone: 'info' | 'warn' | 'error';
  readonly text: string;
}

export interface SendingWorld {
  readonly fetch: Fetch;
  readonly newKey: () => string;
  readonly endpoint: () => Endpoint | undefined;
  readonly outbox: Outbox;
  readonly log: EventLog;
  readonly changed: () => void;
}

interface Intent {
  readonly key: string;
  readonly path: string;
  readonly body: JsonRecord;
  readonly again: 'repeatable' | 'final';
}

const SERVER_ERROR = 500;
/** Of the bodies kept for "Try again"; the oldest gives way. */
const REPEATABLE_MAX = 50;

export class Sending {
  readonly #world: SendingWorld;
  /** What "Try again" posts: the very same body, so the server knows it for the same intent. */
  #repeatable = new Map<string, Intent>();

  constructor(world: SendingWorld) {
    this.#world = world;
  }

  /** The older route, which takes no idempotency key and so is never repeated. */
  testMessage(to: string, message: string): Promise<SendOutcome> {
    const key = this.#world.newKey();
    this.#world.outbox.started({ key, customerId: undefined, to, text: message });
    return this.#run({ key, path: '/whatsapp/send-message', body: { to, message }, again: 'final' });
  }

  reply(conversation: Conversation, text: string): Promise<SendOutcome> {
    const key = this.#world.newKey();
    const { customerId, number } = conversation;
    const address = conversation.hasCustomerId ? { customerId } : { to: number };
    this.#world.outbox.started({ key, customerId, to: number === '' ? undefined : number, text });
    const body = { ...address, type: 'text', text: { body: text }, idempotencyKey: key };
    return this.#run({ key, path: '/api/messages', body, again: 'repeatable' });
  }

  async again(key: string): Promise<SendOutcome> {
    const intent = this.#repeatable.get(key);
    const entry = this.#world.outbox.get(key);
    if (intent === undefined || entry === undefined) return { tone: 'error', text: 'This send can no longer be repeated.' };
    this.#world.outbox.started(entry);
    return this.#run(intent);
  }

  async #run(intent: Intent): Promise<SendOutcome> {
    const { log, changed, fetch } = this.#world;
    const endpoint = this.#world.endpoint();
    this.#repeatable.delete(intent.key);
    if (endpoint === undefined) return this.#failed(intent, 'failed', 'The server URL is not valid.');
    log.record('http', `POST ${intent.path}`, [intent.body]);
    changed();
    const result = await post(fetch, endpoint, intent.path, intent.body);
    log.record('http', `${answerName(result)} POST ${intent.path}`, [result.kind === 'unanswered' ? result.reason : result.body]);
    return this.#conclude(intent, result);
  }

  #conclude(intent: Intent, result: PostResult): SendOutcome {
    if (result.kind === 'unanswered') {
      return this.#failed(intent, 'unknown', `No answer, so nobody can say whether it was sent: ${result.reason}`);
    }
    if (result.kind === 'problem') {
      const isUnknown = result.problem.status >= SERVER_ERROR;
      return this.#failed(intent, isUnknown ? 'unknown' : 'failed', problemText(result.problem));
    }
    const answer = readSendAnswer(result.body);
    const state = answer.state ?? 'accepted';
    const error = describeError(answer.error);
    this.#world.outbox.answered(intent.key, { id: answer.id, state, error });
    this.#world.changed();
    const told = [state, answer.id, error].filter((part) => part !== undefined).join(' · ');
    return { tone: toneOf(state) === 'failed' ? 'error' : 'info', text: `The server took it: ${told}` };
  }

  #remember(intent: Intent): void {
    this.#repeatable.set(intent.key, intent);
    for (const key of this.#repeatable.keys()) {
      if (this.#repeatable.size <= REPEATABLE_MAX) break;
      this.#repeatable.delete(key);
    }
  }

  #failed(intent: Intent, outcome: 'failed' | 'unknown', error: string): SendOutcome {
    const again = outcome === 'unknown' ? intent.again : 'final';
    if (again === 'repeatable') this.#remember(intent);
    this.#world.outbox.failed(intent.key, { outcome, error }, again);
    this.#world.changed();
    return { tone: 'error', text: error };
  }
}

function answerName(result: PostResult): string {
  if (result.kind === 'ok') return String(result.status);
  return result.kind === 'problem' ? String(result.problem.status) : 'no answer:';
}
