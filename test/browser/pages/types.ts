import type { Properties, QoS } from '@cauldron/protocol';

/** A message as a page tells of it. */
export interface ReceivedMessage {
  readonly topic: string;
  readonly text: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: Properties | undefined;
}
