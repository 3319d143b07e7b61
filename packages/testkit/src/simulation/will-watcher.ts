import type { BrokerCore, Link } from '@cauldron/core';
import { encodePacket, FrameDecoder, fromServers, LARGEST_PACKET, PacketType } from '@cauldron/protocol';

/** A client on a perfect link, to whom a will comes in the turn it is published. */
export function connectWatcher(core: BrokerCore, seen: (text: string) => void): void {
  const decoder = new FrameDecoder(
    {
      onPublish: (view) => seen(new TextDecoder().decode(view.toPacket().payload)),
      onAck: () => {},
      onPacket: () => {},
    },
    { accept: fromServers, maxPacketSize: LARGEST_PACKET },
  );
  decoder.version = 4;
  const nothing = () => {};
  const link: Link = {
    remoteAddress: 'watcher',
    listener: 'simulated',
    pending: 0,
    take: (size) => new Uint8Array(size),
    write: (buffer, length) => decoder.push(buffer, length),
    writeShared: (bytes) => decoder.push(bytes),
    give: nothing,
    pause: nothing,
    resume: nothing,
    end: nothing,
    destroy: nothing,
  };
  const receiver = core.accept(link);
  const connect = { cleanStart: true, keepAlive: 0, clientId: 'watcher', protocolVersion: 4 as const };
  const everything = { filter: 'will/#', qos: 0 as const, noLocal: false, retainAsPublished: false };
  for (const bytes of [
    encodePacket({ type: PacketType.connect, ...connect }, 4),
    encodePacket({ type: PacketType.subscribe, packetId: 1, subscriptions: [{ ...everything, retainHandling: 0 }] }, 4),
  ]) {
    receiver.feed(bytes, bytes.length);
  }
}
