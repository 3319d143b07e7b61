import { connect, type Socket } from 'node:net';
import {
  type ConnectPacket,
  encodePacket,
  FrameDecoder,
  fromServers,
  LARGEST_PACKET,
  type Packet,
  PacketType,
  type ProtocolVersion,
  packetTypeNames,
} from '@cauldron/protocol';
import type { AttackStats, AttackTarget } from './attack.ts';

/** Unsent bytes above which a client sends nothing more: an attacker without bound would only hurt itself. */
const MOST_UNSENT = 1_048_576;

/** One connection of an attack: sends what it is told, counts what it is answered. */
export class AttackClient {
  readonly socket: Socket;
  readonly version: ProtocolVersion;
  /** Its CONNECT was accepted. */
  loggedIn = false;
  /** It is gone. */
  over = false;
  /** Called for each packet but PUBLISH. */
  onPacket: ((packet: Packet) => void) | undefined;
  /** For the attack: whatever it remembers of this connection. */
  step = 0;
  readonly #stats: AttackStats;
  readonly #decoder: FrameDecoder;
  #stopped = false;

  constructor(target: AttackTarget, version: ProtocolVersion, stats: AttackStats) {
    this.version = version;
    this.#stats = stats;
    this.#decoder = this.#newDecoder();
    const socket = connect({ ...target, noDelay: true });
    this.socket = socket;
    let made = false;
    socket.on('connect', () => {
      made = true;
      stats.opened += 1;
      stats.open += 1;
    });
    socket.on('data', (chunk: Buffer) => this.#decoder.push(chunk));
    socket.on('error', () => {
      if (!this.#stopped) stats.failed += 1; // what a broker does to such clients is no failure of the attack
    });
    socket.on('close', () => {
      this.over = true;
      if (!made) return;
      stats.open -= 1;
      if (!this.#stopped) stats.closed += 1;
    });
  }

  /** Whether more may be sent: it is connected, and what was sent before has mostly gone. */
  get writable(): boolean {
    return !this.over && this.socket.writable && this.socket.writableLength < MOST_UNSENT;
  }

  login(fields: Partial<ConnectPacket>): void {
    const clean = { cleanStart: true, keepAlive: 0, clientId: '' } as const;
    this.send({ type: PacketType.connect, protocolVersion: this.version, ...clean, ...fields });
  }

  send(...packets: readonly Packet[]): void {
    for (const packet of packets) this.write(encodePacket(packet, this.version));
  }

  /** Sends bytes as they are; those of a whole packet count as one. */
  write(bytes: Uint8Array): void {
    if (this.over) return;
    this.socket.write(bytes);
    this.#stats.packetsSent += 1;
    this.#stats.bytesSent += bytes.length;
  }

  /** Ends it at once. */
  destroy(): Promise<void> {
    this.#stopped = true;
    if (this.over) return Promise.resolve();
    return new Promise((resolve) => {
      this.socket.once('close', () => resolve());
      this.socket.destroy();
    });
  }

  #newDecoder(): FrameDecoder {
    const decoder = new FrameDecoder(
      {
        onPublish: () => {
          this.#stats.messages += 1;
        },
        onAck: (type, packetId, reasonCode, properties) => this.#heard({ type, packetId, reasonCode, properties }),
        onPacket: (packet) => this.#heard(packet),
      },
      { accept: fromServers, maxPacketSize: LARGEST_PACKET },
    );
    decoder.version = this.version;
    return decoder;
  }

  #heard(packet: Packet): void {
    if (packet.type === PacketType.connack && packet.reasonCode === 0) {
      this.loggedIn = true;
      this.#stats.logins += 1;
    }
    for (const code of codesOf(packet)) {
      const answer = `${packetTypeNames[packet.type]} 0x${code.toString(16).padStart(2, '0')}`;
      this.#stats.answers[answer] = (this.#stats.answers[answer] ?? 0) + 1;
    }
    this.onPacket?.(packet);
  }
}

function codesOf(packet: Packet): readonly number[] {
  if ('reasonCodes' in packet) return packet.reasonCodes;
  return 'reasonCode' in packet ? [packet.reasonCode] : [];
}
