import type { WhatsAppMessageEvent } from '../src/wire-events';

/** A message event as the server sends it, with whatever the test is about. */
export function messageEvent(id: string, differences: Partial<WhatsAppMessageEvent> = {}): WhatsAppMessageEvent {
  return {
    id,
    conversationId: 'con_1',
    customerId: 'cus_ana',
    customerName: 'Ana',
    whatsappNumber: '5511987650001',
    whatsappMessageId: `wamid.${id}`,
    senderType: 'customer',
    direction: 'inbound',
    messageType: 'text',
    content: `content of ${id}`,
    status: 'delivered',
    timestamp: '2026-05-02T12:00:00.000Z',
    isTemplate: false,
    ...differences,
  };
}
