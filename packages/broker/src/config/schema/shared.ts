/** Settings that a listener may have a value of its own of, beside the one for all. */
import { bytes, choice, count, seconds } from '../setting.ts';

/** Fixed header of the largest packet (1 byte of type, 4 of length) and the largest remaining length (section 2.1.4). */
export const LARGEST_PACKET = 5 + 268_435_455;
export const UINT16 = 65_535;
export const UINT32 = 4_294_967_295;
export const MILLIARD = 1_000_000_000;

export const maxPacketSize = bytes(
  'Largest packet accepted from a client. It counts the whole packet, header included (MQTT 5.0, 3.1.2.11.4): ' +
    'the largest remaining length the protocol can write is 268435455, which makes 268435460 bytes.',
  { min: 16, max: LARGEST_PACKET },
);
export const maxConnections = count('Connections at the same time; one more is refused.', { min: 1, max: 10_000_000 });
export const connectTimeout = seconds('How long a new connection may take to send its CONNECT before it is closed.', {
  min: 0.01,
  max: 3600,
  whole: false,
});
export const receiveMaximum = count(
  'QoS 1 and 2 messages one client may send before they are acknowledged (Receive Maximum).',
  { min: 1, max: UINT16 },
);
export const topicAliasMaximum = count('Topic aliases a client may use when it publishes; 0 = none (MQTT 5.0).', {
  min: 0,
  max: UINT16,
});
export const serverKeepAlive = seconds(
  'Keep alive that MQTT 5.0 clients are told to use; 0 = what the client asks for.',
  {
    min: 0,
    max: UINT16,
  },
);

export const ack = choice(
  'When a message with QoS 1 or 2 is acknowledged, where a store keeps messages: "disk" = once every session and ' +
    'retained message it belongs to is on the disk; "memory" = at once, and a crash may lose it.',
  ['disk', 'memory'],
);

export const maxConnectRate = count('New connections a second; 0 = any number. One more is closed at once.', {
  min: 0,
  max: MILLIARD,
});
export const maxConnectRatePerAddress = count(
  'New connections a second from one address; 0 = any number. One more is closed at once.',
  { min: 0, max: MILLIARD },
);
export const maxMessageRate = count(
  'PUBLISH packets a second from one client; 0 = any number. A client that sends more is read from more slowly, and ' +
    'disconnected with 0x96 where it goes on for longer than `limits.rateGrace`.',
  { min: 0, max: MILLIARD },
);
export const maxByteRate = bytes(
  'Bytes a second from one client; 0 = any number. A client that sends more is read from more slowly, and disconnected ' +
    'with 0x96 where it goes on for longer than `limits.rateGrace`.',
  { min: 0, max: Number.MAX_SAFE_INTEGER },
);
