import type { Packet, ProtocolVersion } from '../packet.ts';
import type { MessageView } from './message-view.ts';

/**
 * What a peer may send, and how it is decoded: `fromClients` for servers and `fromServers` for clients. Each is a module
 * of its own, so that a program holds only the decoders of the side it talks to.
 */
export interface PeerPackets<View extends MessageView> {
  /** Bit `1 << type` for each packet type that may come. */
  readonly types: number;
  /** A view for the PUBLISHes that come. */
  createView(): View;
  /** Decodes what is no PUBLISH; parameters and errors are those of `decodePacket`. */
  decode(type: number, flags: number, bytes: Uint8Array, start: number, end: number, version: ProtocolVersion): Packet;
  /** The version that a CONNECT asks for, 0 where that is none of ours. Missing where no CONNECT may come. */
  versionAsked?(bytes: Uint8Array, start: number, end: number): ProtocolVersion | 0;
}

/** The types that both ends send: PUBLISH, its acknowledgements, DISCONNECT and AUTH. */
export const typesOfBoth = 0b1100_0000_1111_1000;
