/**
 * The Socket.IO events of the gateway as this page uses them. Every handler may get one further
 * argument, the offset of the event.
 */

export type Status = string;

export interface WireError {
  readonly code?: number | string;
  readonly title?: string;
  readonly message?: string;
}

export interface WhatsAppMessageEvent {
  readonly id?: string;
  readonly offset?: string;
  readonly conversationId: string;
  readonly customerId: string;
  readonly whatsappNumber: string;
  readonly whatsappMessageId: string;
  readonly senderType: 'agent' | 'customer';
  readonly messageType: string;
  readonly content: string;
  readonly status: Status;
  readonly timestamp: string;
  readonly isTemplate: boolean;
  readonly templateName?: string;
  readonly direction?: 'inbound' | 'outbound';
  readonly phoneNumberId?: string;
  readonly customerName?: string;
  readonly source?: 'customer' | 'agent' | 'api' | 'phone_app' | 'history';
  readonly agent?: { readonly id: string; readonly name: string };
  readonly errors?: readonly WireError[];
}

export interface WhatsAppMessageStatusEvent {
  readonly id: string;
  readonly whatsappMessageId: string;
  readonly status: Status;
  readonly errors?: readonly WireError[];
}

export interface WhatsAppMessageUpdatedEvent {
  readonly id: string;
  readonly whatsappMessageId: string;
  readonly change: 'edited' | 'revoked' | 'reaction' | 'media' | 'reprocessed';
}

export interface WhatsAppOutboxEvent {
  readonly id: string;
  readonly customerId: string;
  readonly state: string;
  readonly error?: unknown;
}

export interface ConnectedEvent {
  readonly message: string;
  readonly clientId: string;
  readonly timestamp: string;
  readonly resumed?: 'session' | 'since' | 'none';
  readonly from?: string;
  readonly head?: string;
  readonly rooms?: readonly string[];
}

export interface ServerStateEvent {
  readonly state: 'ok' | 'degraded';
}

export interface GapEvent {
  readonly from: string;
  readonly oldest: string;
  readonly head: string;
}

export interface ExceptionEvent {
  readonly code: string;
  readonly message: string;
  readonly event?: string;
  readonly retryAfter?: number;
}

export interface JoinAck {
  readonly ok: boolean;
  readonly room?: string;
  readonly customerId?: string;
  readonly offset?: string;
  readonly error?: unknown;
}

type Handler<Payload> = (payload: Payload, offset?: string) => void;

export interface ServerToClientEvents {
  connected: Handler<ConnectedEvent>;
  position: Handler<{ readonly offset: string }>;
  clientJoined: Handler<{ readonly clientId: string; readonly timestamp: string }>;
  clientLeft: Handler<{ readonly clientId: string; readonly timestamp: string }>;
  whatsappGeneralJoined: Handler<{ readonly room: string }>;
  whatsappGeneralLeft: Handler<{ readonly room: string }>;
  whatsappCustomerJoined: Handler<{ readonly customer: string; readonly customerId?: string }>;
  whatsappCustomerLeft: Handler<{ readonly customer: string }>;
  whatsappMessage: Handler<WhatsAppMessageEvent>;
  whatsappMessageStatus: Handler<WhatsAppMessageStatusEvent>;
  whatsappMessageUpdated: Handler<WhatsAppMessageUpdatedEvent>;
  whatsappOutbox: Handler<WhatsAppOutboxEvent>;
  whatsappErased: Handler<{ readonly customerId: string }>;
  whatsappAccess: Handler<{ readonly conversationId: string; readonly change: 'granted' | 'revoked' }>;
  whatsappGap: Handler<GapEvent>;
  serverState: Handler<ServerStateEvent>;
  exception: Handler<ExceptionEvent>;
}

type Ack = (answer: JoinAck) => void;

export interface ClientToServerEvents {
  joinWhatsAppGeneral: (ack: Ack) => void;
  leaveWhatsAppGeneral: () => void;
  joinWhatsAppCustomer: (customer: string, ack: Ack) => void;
  leaveWhatsAppCustomer: (customer: string) => void;
}
