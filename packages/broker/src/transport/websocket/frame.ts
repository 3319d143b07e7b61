/** What a frame is (RFC 6455, section 5.2). */
export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
export type Opcode = (typeof Opcode)[keyof typeof Opcode];

/** Why a WebSocket connection ends (section 7.4.1). */
export const CloseCode = {
  normal: 1000,
  protocolError: 1002,
  unsupportedData: 1003,
  /** Never sent: a close frame without a code. */
  none: 1005,
  invalidPayload: 1007,
  tooBig: 1009,
} as const;

export const FIN = 0x80;
/** First reserved bit: a compressed message, where that was agreed on (RFC 7692). */
export const RSV1 = 0x40;
export const MASKED = 0x80;

/** The longest header that is sent: without a mask. */
export const LONGEST_HEADER = 10;
/** Bytes a control frame may carry. */
export const LONGEST_CONTROL = 125;

/** Bytes of the header of an unmasked frame. */
export const headerLength = (payload: number): number => (payload < 126 ? 2 : payload < 65_536 ? 4 : 10);

/** Writes the header of an unmasked frame so that it ends before `end`; returns where it begins. */
export function writeHeaderBefore(bytes: Uint8Array, end: number, first: number, payload: number): number {
  const start = end - headerLength(payload);
  bytes[start] = first;
  if (payload < 126) bytes[start + 1] = payload;
  else if (payload < 65_536) {
    bytes[start + 1] = 126;
    bytes[start + 2] = payload >> 8;
    bytes[start + 3] = payload;
  } else {
    bytes[start + 1] = 127;
    const view = new DataView(bytes.buffer, bytes.byteOffset + start + 2, 8);
    view.setUint32(0, Math.floor(payload / 2 ** 32));
    view.setUint32(4, payload >>> 0);
  }
  return start;
}

/** An unmasked control frame. */
export function controlFrame(opcode: Opcode, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(2 + payload.length);
  frame[0] = FIN | opcode;
  frame[1] = payload.length;
  frame.set(payload, 2);
  return frame;
}

/** A close frame; the reason is cut to what fits. // RFC 6455, section 5.5.1 */
export function closeFrame(code: number, reason = ''): Buffer {
  if (code === CloseCode.none) return controlFrame(Opcode.close, new Uint8Array(0));
  const text = new Uint8Array(LONGEST_CONTROL - 2);
  const { written } = new TextEncoder().encodeInto(reason, text);
  return controlFrame(Opcode.close, Buffer.concat([Uint8Array.of(code >> 8, code & 255), text.subarray(0, written)]));
}

/** Whether a peer may send a close code. */
export function isCloseCode(code: number): boolean {
  if (code >= 3000) return code < 5000;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}
