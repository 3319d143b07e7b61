/** The few packets a load needs, encoded ahead of time. Independent of the project's codec on purpose: a load generator
 * that shared the broker's code would share its mistakes. */

export type Version = 4 | 5;

/** Bytes of `value` as an MQTT variable byte integer. */
export function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 128 : low);
  } while (rest > 0);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

function packet(first: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([first, ...varint(body.length)]), body]);
}

const noProperties = (version: Version): Buffer => Buffer.from(version === 5 ? [0] : []);
const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);

export interface Login {
  readonly username: string;
  readonly password: string;
}

/**
 * A CONNECT; with `clean` it starts afresh (clean session / clean start). `keepAlive` in seconds. A session that is to
 * outlive its connection is version 4 and not clean: version 5 would need an expiry interval.
 */
export function connectPacket(
  version: Version,
  clientId: string,
  keepAlive: number,
  clean = true,
  login: Login | null = null,
): Buffer {
  const flags = Buffer.from([version, (clean ? 2 : 0) + (login === null ? 0 : 0xc0)]);
  const credentials = login === null ? [] : [text(login.username), text(login.password)];
  return packet(0x10, text('MQTT'), flags, u16(keepAlive), noProperties(version), text(clientId), ...credentials);
}

/** A DISCONNECT without a reason: the session, if it is not clean, stays behind. */
export const disconnectPacket: Buffer = Buffer.from([0xe0, 0]);

export function subscribePacket(version: Version, id: number, filters: readonly string[], qos: number): Buffer {
  const asked = filters.map((filter) => Buffer.concat([text(filter), Buffer.from([qos])]));
  return packet(0x82, u16(id), noProperties(version), ...asked);
}

export function unsubscribePacket(version: Version, id: number, filters: readonly string[]): Buffer {
  return packet(0xa2, u16(id), noProperties(version), ...filters.map(text));
}

/** An encoded PUBLISH and where its changing parts lie. `idAt` is 0 for QoS 0. */
export interface PublishTemplate {
  readonly bytes: Buffer;
  readonly idAt: number;
  readonly payloadAt: number;
}

export function publishTemplate(
  version: Version,
  topic: string,
  qos: number,
  payloadBytes: number,
  retain = false,
): PublishTemplate {
  const name = text(topic);
  const id = Buffer.alloc(qos > 0 ? 2 : 0);
  const payload = Buffer.alloc(payloadBytes, 'x');
  const bytes = packet(0x30 | (qos << 1) | (retain ? 1 : 0), name, id, noProperties(version), payload);
  const payloadAt = bytes.length - payloadBytes;
  const idAt = qos > 0 ? payloadAt - noProperties(version).length - 2 : 0;
  return { bytes, idAt, payloadAt };
}

/** `count` copies of one PUBLISH back to back; with QoS 1 and 2 they carry the packet ids 1 to `count`. */
export function publishRun(template: PublishTemplate, count: number): Buffer {
  const size = template.bytes.length;
  const run = Buffer.allocUnsafeSlow(size * count);
  for (let i = 0; i < count; i++) {
    template.bytes.copy(run, i * size);
    if (template.idAt > 0) run.writeUInt16BE(i + 1, i * size + template.idAt);
  }
  return run;
}

/** One QoS 0 PUBLISH to each of `topics` in turn, cut into writes of `batch`; what does not fill one is left out. */
export function topicRuns(version: Version, topics: readonly string[], payloadBytes: number, batch: number): Buffer[] {
  const packets = topics.map((topic) => publishTemplate(version, topic, 0, payloadBytes).bytes);
  const runs = Math.floor(packets.length / batch);
  return Array.from({ length: runs }, (_, i) => Buffer.concat(packets.slice(i * batch, (i + 1) * batch)));
}
