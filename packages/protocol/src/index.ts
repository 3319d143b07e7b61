/**
 * MQTT 3.1, 3.1.1 and 5.0 on the wire: packets, codec, topics and the QoS state machines.
 * Needs nothing but Uint8Array, so it runs in Node, workers and browsers.
 */
export * from './codec/bytes.ts';
export * from './codec/decode-packet.ts';
export { writeAck } from './codec/encode/ack.ts';
export * from './codec/encode/publish.ts';
export * from './codec/encode-client-packet.ts';
export * from './codec/encode-packet.ts';
export * from './codec/frame-decoder.ts';
export * from './codec/frame-limits.ts';
export * from './codec/from-clients.ts';
export * from './codec/from-servers.ts';
export * from './codec/message-view.ts';
export type { PeerPackets } from './codec/peer-packets.ts';
export * from './codec/properties.ts';
export * from './codec/publish-view.ts';
export { Reader } from './codec/reader.ts';
export { decodeUtf8, encodeUtf8, encodeUtf8Into, isValidUtf8, utf8Length } from './codec/utf8.ts';
export { Writer } from './codec/writer.ts';
export * from './error.ts';
export * from './filter-relations.ts';
export * from './packet.ts';
export * from './property.ts';
export * from './qos/inbound-qos2.ts';
export * from './qos/outbound-window.ts';
export * from './qos/packet-ids.ts';
export * from './reason-code.ts';
export * from './saslprep.ts';
export * from './topic.ts';
