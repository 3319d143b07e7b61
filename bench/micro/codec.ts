import {
  encodePacket,
  FrameDecoder,
  fromClients,
  type Packet,
  type PacketSink,
  PacketType,
  type Properties,
  type ProtocolVersion,
  type PublishView,
} from '@cauldron/protocol';
import type { MicroCase, MicroGroup } from './runner.ts';

const payload = new Uint8Array(16).fill(120);
const PER_CHUNK = 64;

function publish(qos: 0 | 1, payloadBytes: Uint8Array, properties?: Properties): Packet {
  return {
    type: PacketType.publish,
    topic: 'site/7/line/3/temperature',
    payload: payloadBytes,
    qos,
    retain: false,
    dup: false,
    packetId: qos === 0 ? 0 : 7,
    properties,
  };
}

/** Counts packets and touches what a broker would. */
class CountingSink implements PacketSink<PublishView> {
  seen = 0;
  onPublish(view: PublishView): void {
    this.seen += 1 + view.qos;
  }
  onAck(_type: number, packetId: number): void {
    this.seen += packetId;
  }
  onPacket(packet: Packet): void {
    this.seen += packet.type;
  }
}

/** Time per packet when chunks of 64 packets arrive. */
function decoding(name: string, version: ProtocolVersion, packet: Packet): MicroCase {
  const one = encodePacket(packet, version);
  const chunk = new Uint8Array(one.length * PER_CHUNK);
  for (let i = 0; i < PER_CHUNK; i++) chunk.set(one, i * one.length);
  const sink = new CountingSink();
  const decoder = new FrameDecoder(sink, { accept: fromClients, maxPacketSize: 1 << 20 });
  decoder.version = version;
  return {
    name,
    run: (times) => {
      for (let i = 0; i < times; i += PER_CHUNK) decoder.push(chunk, chunk.length);
      return sink.seen;
    },
  };
}

function encoding(name: string, version: ProtocolVersion, packet: Packet): MicroCase {
  return {
    name,
    run: (times) => {
      let bytes = 0;
      for (let i = 0; i < times; i++) bytes += encodePacket(packet, version).length;
      return bytes;
    },
  };
}

const puback: Packet = { type: PacketType.puback, packetId: 7, reasonCode: 0 };
const withExpiry = publish(1, payload, { messageExpiryInterval: 60 });
const kilobyte = publish(0, new Uint8Array(1024));

export const codecGroups: readonly MicroGroup[] = [
  {
    name: 'decode a packet',
    cases: [
      decoding('PUBLISH QoS 0, 16 bytes, 3.1.1', 4, publish(0, payload)),
      decoding('PUBLISH QoS 1, 16 bytes, 3.1.1', 4, publish(1, payload)),
      decoding('PUBLISH QoS 0, 16 bytes, 5.0', 5, publish(0, payload)),
      decoding('PUBLISH QoS 1, 16 bytes and an expiry, 5.0', 5, withExpiry),
      decoding('PUBLISH QoS 0, 1024 bytes, 3.1.1', 4, kilobyte),
      decoding('PUBACK, 3.1.1', 4, puback),
    ],
  },
  {
    name: 'encode a packet',
    cases: [
      encoding('PUBLISH QoS 0, 16 bytes, 3.1.1', 4, publish(0, payload)),
      encoding('PUBLISH QoS 1, 16 bytes and an expiry, 5.0', 5, withExpiry),
      encoding('PUBLISH QoS 0, 1024 bytes, 3.1.1', 4, kilobyte),
      encoding('PUBACK, 3.1.1', 4, puback),
    ],
  },
];
