import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LONGEST_HEADER, LONGEST_V2_REST, type ProxyParse, parseProxyHeader } from './proxy-protocol.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (bytes: Uint8Array): ProxyParse => parseProxyHeader(bytes, bytes.length);
const V2 = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];

function v2(command: number, family: number, rest: readonly number[], announced = rest.length): Uint8Array {
  return Uint8Array.from([...V2, command, family, announced >> 8, announced & 255, ...rest]);
}

const TCP4 = [192, 0, 2, 7, 198, 51, 100, 1, 0xc4, 0x88, 0x07, 0x5b];
const TCP6 = [
  ...[0x20, 1, 0x0d, 0xb8, ...Array<number>(11).fill(0), 7],
  ...Array<number>(16).fill(1),
  0xc4,
  0x88,
  7,
  0x5b,
];

/** Headers, and the client each is about. */
const headers: readonly [name: string, bytes: Uint8Array, client: string | null][] = [
  ['v1 TCP4', bytesOf('PROXY TCP4 192.0.2.7 198.51.100.1 50312 1883\r\n'), '192.0.2.7 50312'],
  ['v1 TCP6', bytesOf('PROXY TCP6 2001:DB8:0:0::7 ::1 0 65535\r\n'), '2001:db8::7 0'],
  ['v1 UNKNOWN', bytesOf('PROXY UNKNOWN\r\n'), null],
  ['v1 UNKNOWN with more', bytesOf('PROXY UNKNOWN ffff::1 ::2 1 2\r\n'), null],
  [
    'v1 of 107 bytes',
    bytesOf(`PROXY UNKNOWN ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`.padEnd(107)),
    null,
  ],
  ['v2 TCP4', v2(0x21, 0x11, TCP4), '192.0.2.7 50312'],
  ['v2 TCP4 with extras', v2(0x21, 0x11, [...TCP4, 4, 0, 3, 1, 2, 3]), '192.0.2.7 50312'],
  ['v2 TCP6', v2(0x21, 0x21, TCP6), '2001:db8::7 50312'],
  ['v2 LOCAL', v2(0x20, 0x00, []), null],
  ['v2 LOCAL with something', v2(0x20, 0x11, TCP4), null],
  ['v2 unspecified', v2(0x21, 0x00, [1, 2, 3]), null],
  ['v2 Unix socket', v2(0x21, 0x31, Array<number>(216).fill(0)), null],
  [
    'v2 as long as may be',
    v2(0x21, 0x11, [...TCP4, ...Array<number>(LONGEST_V2_REST - 12).fill(9)]),
    '192.0.2.7 50312',
  ],
];

for (const [name, bytes, client] of headers) {
  test(`${name} is read, whatever stands behind it, and unfinished at every byte before`, () => {
    for (let end = 0; end < bytes.length; end++) {
      assert.deepEqual(parseProxyHeader(bytes, end), { is: 'unfinished' }, `cut at ${end}`);
    }
    for (const behind of [[], [0], [13, 10], Array<number>(300).fill(0x50)]) {
      const parsed = parse(Uint8Array.from([...bytes, ...behind]));
      assert.ok(parsed.is === 'header', JSON.stringify(parsed));
      assert.equal(parsed.length, bytes.length);
      assert.equal(parsed.source && `${parsed.source.address} ${parsed.source.port}`, client);
    }
  });
}

const wrongs: readonly [name: string, bytes: Uint8Array][] = [
  ['an MQTT CONNECT', Uint8Array.of(0x10, 12, 0, 4, 0x4d)],
  ['a TLS handshake', Uint8Array.of(0x16, 3, 1)],
  ['v1 in lower case', bytesOf('proxy TCP4')],
  ['v1 of another family', bytesOf('PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n')],
  ['v1 with IPv6 said to be IPv4', bytesOf('PROXY TCP4 ::1 ::2 1 2\r\n')],
  ['v1 with IPv4 said to be IPv6', bytesOf('PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n')],
  ['v1 with a zone', bytesOf('PROXY TCP6 fe80::1%eth0 ::2 1 2\r\n')],
  ['v1 with two spaces', bytesOf('PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n')],
  ['v1 with a space behind', bytesOf('PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n')],
  ['v1 with a tab', bytesOf('PROXY TCP4\t1.2.3.4 5.6.7.8 1 2\r\n')],
  ['v1 with a port too large', bytesOf('PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n')],
  ['v1 with a port of leading zeros', bytesOf('PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n')],
  ['v1 with a signed port', bytesOf('PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n')],
  ['v1 with an octal address', bytesOf('PROXY TCP4 010.2.3.4 5.6.7.8 1 2\r\n')],
  ['v1 without ports', bytesOf('PROXY TCP4 1.2.3.4 5.6.7.8\r\n')],
  ['v1 with a bare line feed', bytesOf(`PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n${' '.repeat(107)}`)],
  ['v1 with a bare carriage return', bytesOf('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\rx')],
  ['v1 without an end', bytesOf(`PROXY UNKNOWN ${'x'.repeat(93)}`)],
  ['v1 of 108 bytes', bytesOf(`${'PROXY UNKNOWN '.padEnd(106, 'x')}\r\n`)],
  ['v1 that is nearly UNKNOWN', bytesOf('PROXY UNKNOWNS\r\n')],
  ['v2 of another version', v2(0x11, 0x11, TCP4)],
  ['v2 of another command', v2(0x22, 0x11, TCP4)],
  ['v2 about datagrams', v2(0x21, 0x12, TCP4)],
  ['v2 of an unknown family', v2(0x21, 0x41, TCP4)],
  ['v2 TCP4 too short', v2(0x21, 0x11, TCP4.slice(1))],
  ['v2 TCP6 too short', v2(0x21, 0x21, TCP6.slice(1))],
  ['v2 that announces too much', v2(0x21, 0x11, TCP4, LONGEST_V2_REST + 1)],
  ['v2 with a damaged signature', Uint8Array.from([...V2.slice(0, 11), 0x0b, 0x21, 0x11, 0, 0])],
];

for (const [name, bytes] of wrongs) {
  test(`${name} is no header, and stays none whatever follows`, () => {
    const parsed = parse(bytes);
    assert.equal(parsed.is, 'wrong', JSON.stringify(parsed));
    assert.deepEqual(parse(Uint8Array.from([...bytes, 13, 10, 0, 1])), parsed);
  });
}

test('whatever comes: the answer says so in bounded time, does not change with more bytes, and reads nothing behind the end', () => {
  const noise = fc.uint8Array({ maxLength: 200 });
  const begun = fc
    .tuple(fc.constantFrom(...headers.map(([, bytes]) => bytes)), noise, fc.nat(4200), fc.nat(255))
    .map(([header, behind, at, value]) => {
      const bytes = Uint8Array.from([...header, ...behind]);
      bytes[at % bytes.length] = value;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(noise, begun), fc.nat(4400), (bytes, cut) => {
      const end = cut % (bytes.length + 1);
      const parsed = parseProxyHeader(bytes, end);
      const poisoned = Uint8Array.from(bytes).fill(0xff, end);
      assert.deepEqual(parseProxyHeader(poisoned, end), parsed);
      if (parsed.is === 'unfinished') assert.ok(end < LONGEST_HEADER);
      else assert.deepEqual(parse(bytes), parsed);
      if (parsed.is === 'header') assert.ok(parsed.length <= end);
    }),
    { numRuns: 2000 },
  );
});
