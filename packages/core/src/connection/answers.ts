import type { AckType } from '@cauldron/protocol';
import type { StoredMessage } from '../store/stored-message.ts';
import { AckGate } from './ack-gate.ts';
import type { Connection } from './connection.ts';

/**
 * Acknowledges a publish: at once, or when the store has what the acknowledgement promises and everything before it was
 * answered.
 *
 * @param message what durable sessions or the retained store have to hold; null = nothing
 * @param firm the acknowledgement promises more than that, so it waits also where nobody needs the message any more
 */
export function answerPublish(
  connection: Connection,
  type: AckType,
  packetId: number,
  reasonCode: number,
  message: StoredMessage | null,
  firm: boolean,
): void {
  const { journal } = connection.core;
  const waits = firm || (message !== null && !message.unnecessary);
  if (journal === null || (!waits && !holdsAcks(connection))) {
    connection.output.sendAck(type, packetId, reasonCode);
    return;
  }
  const gate = gateOf(connection);
  if (!waits) {
    gate.addAck(type, packetId, reasonCode, 0, null, false);
    return;
  }
  if (message !== null) message.gate = gate;
  gate.addAck(type, packetId, reasonCode, message?.ticket ?? journal.ticket, message, firm);
}

/** Refuses a publish, behind the answers to those before it. // [MQTT-4.6.0-2] [MQTT-4.6.0-3] */
export function answerRefused(
  connection: Connection,
  type: AckType,
  packetId: number,
  reasonCode: number,
  reason: string,
): void {
  if (holdsAcks(connection)) gateOf(connection).addAck(type, packetId, reasonCode, 0, reason, false);
  else connection.output.sendAckWithReason(type, packetId, reasonCode, reason);
}

/**
 * Sends PUBREC, PUBREL or PUBCOMP once what they say of the session is on the disk, and not before what was held back
 * earlier: a PUBREC for a repetition must not overtake the one its message still waits for.
 */
export function answerDelivery(connection: Connection, type: AckType, packetId: number, reasonCode: number): void {
  const { journal } = connection.core;
  const ticket = connection.session!.deliveryTicket;
  if (journal === null || (ticket <= journal.durable && !holdsAcks(connection))) {
    connection.output.sendAck(type, packetId, reasonCode);
  } else {
    gateOf(connection).addAck(type, packetId, reasonCode, ticket, null, true);
  }
}

/** Does something once everything noted so far is on the disk. */
export function whenDurable(connection: Connection, act: () => void): void {
  const journal = connection.core.journal!;
  const ticket = journal.notedTicket;
  if (ticket <= journal.durable) {
    act();
    return;
  }
  // It runs in the store's turn, where nobody else would catch what goes wrong with this one connection.
  gateOf(connection).addAction(ticket, () => {
    try {
      act();
    } catch (error) {
      connection.fail(error);
    }
  });
  journal.hurry();
}

function holdsAcks({ gate }: Connection): boolean {
  return gate !== null && gate.acks > 0;
}

function gateOf(connection: Connection): AckGate {
  connection.gate ??= new AckGate(connection);
  connection.core.journal!.listGate(connection.gate);
  return connection.gate;
}
