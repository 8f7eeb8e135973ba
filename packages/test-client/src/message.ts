/** A message as this page holds it, and how status and update events change it. Values are never mutated. */
import { describeError, isRecord, textField } from './json';
import type { JsonRecord } from './json';

export type Direction = 'inbound' | 'outbound';

export interface Message {
  readonly id: string;
  readonly whatsappMessageId: string | undefined;
  readonly customerId: string;
  readonly customerName: string;
  readonly whatsappNumber: string;
  /** False for older servers that send no `customerId`: a reply then goes to the number. */
  readonly hasCustomerId: boolean;
  readonly direction: Direction;
  readonly sender: string;
  readonly type: string;
  readonly content: string;
  readonly status: string;
  readonly error: string | undefined;
  readonly at: string | undefined;
  readonly offset: string | undefined;
  /** What happened to it later: "edited", "revoked", a reaction. */
  readonly marks: readonly string[];
  /** How often the server showed it; more than once is a defect of the server. */
  readonly shown: number;
}

const MARKS_MAX = 8;

/** Undefined when the payload names neither a message nor a customer. */
export function readMessage(payload: unknown): Message | undefined {
  if (!isRecord(payload)) return undefined;
  const whatsappMessageId = textField(payload, 'whatsappMessageId');
  const id = textField(payload, 'id') ?? whatsappMessageId;
  const number = textField(payload, 'whatsappNumber');
  const customerId = textField(payload, 'customerId') ?? number;
  if (id === undefined || customerId === undefined) return undefined;
  const direction = readDirection(payload);
  const customerName = textField(payload, 'customerName') ?? number ?? customerId;
  return {
    id,
    whatsappMessageId,
    customerId,
    customerName,
    whatsappNumber: number ?? '',
    hasCustomerId: textField(payload, 'customerId') !== undefined,
    direction,
    sender: direction === 'inbound' ? customerName : readAgent(payload),
    type: readType(payload),
    content: textField(payload, 'content') ?? '',
    status: textField(payload, 'status') ?? '',
    error: describeError(payload['errors']),
    at: textField(payload, 'timestamp'),
    offset: textField(payload, 'offset'),
    marks: [],
    shown: 1,
  };
}

/** The message after a `whatsappMessageStatus` event. The server owns the order of states, so its word is taken. */
export function withStatus(message: Message, payload: JsonRecord): Message {
  const error = describeError(payload['errors']) ?? message.error;
  return { ...message, status: textField(payload, 'status') ?? message.status, error };
}

/** The message after a `whatsappMessageUpdated` event. */
export function withUpdate(message: Message, payload: JsonRecord): Message {
  const content = textField(payload, 'content') ?? message.content;
  const mark = updateMark(payload);
  if (mark === undefined || message.marks.includes(mark)) return { ...message, content };
  return { ...message, content, marks: [...message.marks, mark].slice(-MARKS_MAX) };
}

function updateMark(payload: JsonRecord): string | undefined {
  const change = textField(payload, 'change');
  if (change !== 'reaction') return change;
  const reaction = payload['reaction'];
  const emoji = isRecord(reaction) ? textField(reaction, 'emoji') : reaction;
  return textField(payload, 'emoji') ?? (typeof emoji === 'string' && emoji !== '' ? emoji : 'reaction');
}

function readDirection(payload: JsonRecord): Direction {
  const direction = payload['direction'];
  if (direction === 'inbound' || direction === 'outbound') return direction;
  return payload['senderType'] === 'agent' ? 'outbound' : 'inbound';
}

function readAgent(payload: JsonRecord): string {
  const agent = payload['agent'];
  const name = isRecord(agent) ? textField(agent, 'name') : undefined;
  return name ?? textField(payload, 'source')?.replace('_', ' ') ?? 'agent';
}

function readType(payload: JsonRecord): string {
  const template = textField(payload, 'templateName');
  if (payload['isTemplate'] === true) return template === undefined ? 'template' : `template ${template}`;
  return textField(payload, 'messageType') ?? 'text';
}
