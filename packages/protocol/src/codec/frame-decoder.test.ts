import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { loadWireCorpus, type WireCase } from '@cauldron/testkit/wire-corpus';
import { MqttError } from '../error.ts';
import { type Packet, PacketType, type ProtocolVersion } from '../packet.ts';
import { encodePacket } from './encode-packet.ts';
import { FrameDecoder, type FrameDecoderOptions, LARGEST_PACKET } from './frame-decoder.ts';
import { type FrameLimitOptions, FrameLimits } from './frame-limits.ts';
import { fromClients } from './from-clients.ts';
import { fromServers } from './from-servers.ts';

const corpus = loadWireCorpus();

const limited = (limits: Partial<FrameLimitOptions>) => ({
  limits: new FrameLimits({ maxControlPacketSize: LARGEST_PACKET, maxPropertiesSize: LARGEST_PACKET, ...limits }),
});

/** A decoder with everything its sink was called with, as plain packets. */
class Recorder {
  readonly packets: unknown[] = [];
  readonly decoder: FrameDecoder;
  /** Called after each packet was noted. */
  after: () => void = () => {};

  constructor(
    version: ProtocolVersion | 0,
    role: 'server' | 'client',
    maxPacketSize = LARGEST_PACKET,
    more: Partial<FrameDecoderOptions> = {},
  ) {
    const note = (packet: Packet) => {
      this.packets.push(withoutUndefined(packet));
      this.after();
    };
    this.decoder = new FrameDecoder(
      {
        onPublish: (view) => note(view.toPacket()),
        onAck: (type, packetId, reasonCode, properties) => note({ type, packetId, reasonCode, properties }),
        onPacket: note,
      },
      { accept: role === 'server' ? fromClients : fromServers, maxPacketSize, ...more },
    );
    this.decoder.version = version;
  }

  /** Pushes a chunk whose memory is overwritten afterwards, as a transport's read buffer is. */
  push(bytes: Uint8Array): void {
    const chunk = new Uint8Array(bytes);
    try {
      this.decoder.push(chunk);
    } finally {
      chunk.fill(0xdd);
    }
  }
}

function withoutUndefined(packet: Packet): unknown {
  return Object.fromEntries(Object.entries(packet).filter(([, value]) => value !== undefined));
}

function recorderFor(wire: WireCase): Recorder {
  // A server learns the version from the CONNECT itself.
  const first = wire.type === PacketType.connect;
  return new Recorder(first ? 0 : wire.version, wire.direction === 'client' ? 'server' : 'client');
}

/** Cuts `bytes` at the given places. */
function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = [...cuts, bytes.length];
  return ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
}

/** What pushing the pieces leads to: the packets, or the code of the error. */
function outcome(wire: WireCase, cuts: readonly number[]): unknown {
  const recorder = recorderFor(wire);
  try {
    for (const piece of pieces(wire.bytes, cuts)) recorder.push(piece);
  } catch (error) {
    assert.ok(error instanceof MqttError, `${wire.name}: ${error}`);
    return error.code;
  }
  assert.equal(recorder.decoder.held, 0, wire.name);
  return recorder.packets;
}

const valid = corpus.filter((wire) => wire.packet !== undefined);

suite('every packet of the corpus', () => {
  test('is the same whole, in every two pieces, and byte by byte', () => {
    for (const wire of valid) {
      const expected = [wire.packet];
      assert.deepEqual(outcome(wire, []), expected, wire.name);
      for (let cut = 1; cut < wire.bytes.length; cut++) {
        assert.deepEqual(outcome(wire, [cut]), expected, `${wire.name}, cut at ${cut}`);
      }
      const everywhere = Array.from({ length: wire.bytes.length - 1 }, (_, i) => i + 1);
      assert.deepEqual(outcome(wire, everywhere), expected, `${wire.name}, byte by byte`);
    }
  });

  test('that is invalid is refused with the same code whole, in every two pieces, and byte by byte', () => {
    for (const wire of corpus) {
      if (wire.error === undefined) continue;
      const whole = outcome(wire, []);
      for (let cut = 1; cut < wire.bytes.length; cut++) {
        assert.deepEqual(outcome(wire, [cut]), whole, `${wire.name}, cut at ${cut}`);
      }
      const everywhere = Array.from({ length: wire.bytes.length - 1 }, (_, i) => i + 1);
      assert.deepEqual(outcome(wire, everywhere), whole, `${wire.name}, byte by byte`);
    }
  });

  test('comes out of a stream of them, cut into pieces of any size', () => {
    for (const version of [3, 4, 5] as const) {
      for (const direction of ['client', 'server'] as const) {
        const stream = valid.filter(
          (wire) => wire.version === version && wire.direction === direction && wire.type !== PacketType.connect,
        );
        const bytes = Buffer.concat(stream.map((wire) => wire.bytes));
        for (const size of [1, 2, 3, 7, 64, 1000, bytes.length]) {
          const recorder = new Recorder(version, direction === 'client' ? 'server' : 'client');
          for (let at = 0; at < bytes.length; at += size) recorder.push(bytes.subarray(at, at + size));
          assert.deepEqual(
            recorder.packets,
            stream.map(({ packet }) => packet),
            `version ${version}, ${direction}, pieces of ${size}`,
          );
          assert.equal(recorder.decoder.held, 0);
        }
      }
    }
  });
});

const publish = (text: string, topic = 't') =>
  encodePacket(
    {
      type: PacketType.publish,
      topic,
      payload: new TextEncoder().encode(text),
      qos: 0,
      retain: false,
      dup: false,
      packetId: 0,
    },
    4,
  );

/** The payloads of what was received. */
function texts({ packets }: Recorder): string[] {
  return packets.map((packet) => new TextDecoder().decode((packet as { payload: Uint8Array }).payload));
}

test('a pause from the sink stops behind the current packet, and resume goes on with what was held', () => {
  const stream = Buffer.concat(['1', '2', '3', '4'].map((text) => publish(text)));
  for (let cut = 1; cut < stream.length; cut++) {
    const recorder = new Recorder(4, 'server');
    recorder.after = () => recorder.decoder.pause();
    for (const piece of pieces(stream, [cut])) recorder.push(piece);
    assert.deepEqual(texts(recorder), ['1'], `cut at ${cut}`);
    for (const done of [2, 3, 4]) {
      recorder.decoder.resume();
      assert.equal(recorder.packets.length, done);
      assert.equal(recorder.decoder.paused, true);
    }
    assert.deepEqual(texts(recorder), ['1', '2', '3', '4']);
    assert.equal(recorder.decoder.held, 0);
  }
});

test('what arrives while paused is held in order, whatever the pieces', () => {
  const recorder = new Recorder(4, 'server');
  recorder.decoder.pause();
  const stream = Buffer.concat(Array.from({ length: 50 }, (_, i) => publish(`${i}`)));
  for (let at = 0; at < stream.length; at += 5) recorder.push(stream.subarray(at, at + 5));
  assert.deepEqual(recorder.packets, []);
  assert.equal(recorder.decoder.held, stream.length);
  recorder.decoder.resume();
  recorder.decoder.resume();
  assert.equal(texts(recorder).join(), Array.from({ length: 50 }, (_, i) => `${i}`).join());
});

test('pause and resume within the sink change nothing', () => {
  const recorder = new Recorder(4, 'server');
  recorder.after = () => {
    recorder.decoder.pause();
    recorder.decoder.resume();
  };
  recorder.push(Buffer.concat([publish('1'), publish('2')]));
  assert.deepEqual(texts(recorder), ['1', '2']);
});

test('a stopped decoder forgets what it held and hands out nothing more', () => {
  const recorder = new Recorder(4, 'server');
  recorder.after = () => recorder.decoder.stop();
  recorder.push(Buffer.concat([publish('1'), publish('2')]));
  assert.deepEqual(texts(recorder), ['1']);
});

test('only the first bytes of a chunk that count are read', () => {
  const recorder = new Recorder(4, 'server');
  const chunk = Buffer.concat([publish('1'), publish('2')]);
  recorder.decoder.push(chunk, publish('1').length + 3);
  assert.deepEqual(texts(recorder), ['1']);
  assert.equal(recorder.decoder.held, 3);
});

test('a packet larger than allowed is refused as soon as its length is known, whole or byte by byte', () => {
  const exact = publish('x'.repeat(200 - publish('').length - 1));
  assert.equal(exact.length, 200);
  const over = publish('x'.repeat(200 - publish('').length));
  for (const size of [1, 3, 500]) {
    const recorder = new Recorder(4, 'server', 200);
    for (let at = 0; at < exact.length; at += size) recorder.push(exact.subarray(at, at + size));
    assert.equal(recorder.packets.length, 1);
    assert.throws(
      () => {
        for (let at = 0; at < 4; at += size) recorder.push(over.subarray(at, Math.min(4, at + size)));
      },
      { code: 'PACKET_TOO_LARGE' },
    );
  }
});

/** Pushes as pieces of `size` bytes. */
function pushIn(recorder: Recorder, bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) recorder.push(bytes.subarray(at, at + size));
}

test('a packet that is neither PUBLISH nor CONNECT is refused by a limit of its own as soon as its length is known', () => {
  const subscribe = (filter: string): Uint8Array =>
    encodePacket(
      {
        type: PacketType.subscribe,
        packetId: 1,
        subscriptions: [{ filter, qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
      },
      4,
    );
  const fits = subscribe('f'.repeat(200 - subscribe('').length - 1));
  assert.equal(fits.length, 200);
  for (const size of [1, 3, 500]) {
    const recorder = new Recorder(4, 'server', LARGEST_PACKET, limited({ maxControlPacketSize: 200 }));
    pushIn(recorder, fits, size);
    pushIn(recorder, publish('x'.repeat(1000)), size);
    assert.equal(recorder.packets.length, 2, 'a PUBLISH may be larger');
    const over = subscribe('f'.repeat(200));
    const tooLarge = { code: 'PACKET_TOO_LARGE', limit: 'maxControlPacketSize', message: /SUBSCRIBE.*at most 200/ };
    assert.throws(() => pushIn(recorder, over.subarray(0, 4), size), tooLarge);
  }
});

test('the limit of control packets holds neither for CONNECT nor for a decoder that was given none', () => {
  const connect = encodePacket(
    { type: PacketType.connect, protocolVersion: 5, cleanStart: true, keepAlive: 0, clientId: 'c'.repeat(500) },
    5,
  );
  const recorder = new Recorder(0, 'server', LARGEST_PACKET, limited({ maxControlPacketSize: 200 }));
  recorder.push(connect);
  assert.equal(recorder.packets.length, 1);
  const client = new Recorder(5, 'client');
  client.push(
    encodePacket({ type: PacketType.suback, packetId: 1, reasonCodes: new Array<number>(300_000).fill(0) }, 5),
  );
  assert.equal(client.packets.length, 1);
});

test('the properties of a PUBLISH are refused by their length, before they are looked at', () => {
  const recorder = new Recorder(5, 'server', LARGEST_PACKET, limited({ maxPropertiesSize: 20 }));
  const withText = (length: number): Uint8Array => {
    const properties = { contentType: 'x'.repeat(length - 3) };
    const base = { topic: 't', payload: new Uint8Array(1000), qos: 0, retain: false, dup: false, packetId: 0 } as const;
    return encodePacket({ type: PacketType.publish, ...base, properties }, 5);
  };
  recorder.push(withText(20));
  assert.equal(recorder.packets.length, 1);
  const tooLarge = { code: 'PACKET_TOO_LARGE', reasonCode: 0x95, limit: 'maxPropertiesSize', message: /21 bytes.*20/ };
  assert.throws(() => recorder.push(withText(21)), tooLarge);
  const nonsense = Uint8Array.of(0x30, 25, 0, 1, 0x74, 21, ...new Uint8Array(21).fill(0xff));
  const other = new Recorder(5, 'server', LARGEST_PACKET, limited({ maxPropertiesSize: 20 }));
  assert.throws(() => other.push(nonsense.subarray(0, 27)), tooLarge);
});

test('maxPropertiesSize: what is announced as too much is refused with the first bytes, whatever the QoS, and what fits is waited for', () => {
  for (const qos of [0, 1]) {
    const id = qos === 0 ? [] : [0, 7];
    // 16 MB in all, topic "t", then properties of 100,000 bytes.
    const start = [0x30 | (qos << 1), 0x80, 0x80, 0x80, 0x08, 0, 1, 0x74, ...id];
    const options = limited({ maxPropertiesSize: 65_536 });
    const refused = new Recorder(5, 'server', LARGEST_PACKET, options);
    assert.throws(() => refused.push(Uint8Array.from([...start, 0xa0, 0x8d, 0x06])), { limit: 'maxPropertiesSize' });
    const awaited = new Recorder(5, 'server', LARGEST_PACKET, options);
    awaited.push(Uint8Array.from([...start, 0xa0]));
    awaited.push(Uint8Array.from([0x0d, 1, 2, 3]));
    assert.equal(awaited.packets.length, 0);
  }
});

test('a remaining length of five bytes is malformed, in any pieces [MQTT-1.5.5-1]', () => {
  for (const size of [1, 2, 3, 4, 6]) {
    const recorder = new Recorder(5, 'server');
    const bytes = Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0xff, 0x01);
    assert.throws(
      () => {
        for (let at = 0; at < bytes.length; at += size) recorder.push(bytes.subarray(at, at + size));
      },
      { code: 'MALFORMED_PACKET' },
    );
  }
});

test('the first packet to a server is CONNECT, and what may not be sent in a direction is refused before its body came [MQTT-3.1.0-1]', () => {
  assert.throws(() => new Recorder(0, 'server').push(Uint8Array.of(0x30, 100, 0)), { code: 'PROTOCOL_ERROR' });
  assert.throws(() => new Recorder(5, 'server').push(Uint8Array.of(0x90, 100, 0)), { code: 'PROTOCOL_ERROR' });
  assert.throws(() => new Recorder(5, 'client').push(Uint8Array.of(0x82, 100, 0)), { code: 'PROTOCOL_ERROR' });
  assert.throws(() => new Recorder(5, 'server').push(Uint8Array.of(0x00, 100, 0)), { code: 'MALFORMED_PACKET' });
});

test('a view that was put together from pieces owns its bytes, one within a chunk does not', () => {
  const owned: boolean[] = [];
  const decoder = new FrameDecoder(
    { onPublish: (view) => owned.push(view.owned), onAck: () => {}, onPacket: () => {} },
    { accept: fromClients, maxPacketSize: LARGEST_PACKET },
  );
  decoder.version = 4;
  const packet = publish('x'.repeat(1000));
  decoder.push(packet);
  for (const piece of pieces(packet, [500])) decoder.push(piece);
  assert.deepEqual(owned, [false, true]);
});

test('memory held for an unfinished packet grows with what arrived, not with what was announced', () => {
  const announced = Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0x07, 0, 1, 0x74);
  const decoders: FrameDecoder[] = [];
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 1000; i++) {
    const { decoder } = new Recorder(4, 'server');
    decoder.push(announced.subarray(0, 3));
    decoder.push(announced.subarray(3));
    decoders.push(decoder);
  }
  const each = (process.memoryUsage().arrayBuffers - before) / decoders.length;
  assert.ok(each < 16_384, `${Math.round(each)} bytes each for a packet of 16 MB of which 8 bytes came`);
  for (const decoder of decoders) assert.equal(decoder.held, 8);
});
