import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { Packet, PublishPacket } from '@cauldron/protocol';
import { PacketType } from '@cauldron/protocol';
import { FakeBroker, type Reaction } from '@cauldron/testkit/fake-broker';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { start } from './testing/program.ts';

const utf8 = new TextEncoder();
const text = new TextDecoder();

async function broker(t: TestContext, reaction?: Reaction): Promise<FakeBroker> {
  const fake = await FakeBroker.listen(reaction);
  t.after(() => fake.close());
  return fake;
}

const at = (fake: FakeBroker): string[] => ['-h', '127.0.0.1', '-p', String(fake.port)];

const message = (topic: string, payload: string, rest: Partial<PublishPacket> = {}): PublishPacket => ({
  type: PacketType.publish,
  topic,
  payload: utf8.encode(payload),
  qos: 0,
  retain: false,
  dup: false,
  packetId: 0,
  ...rest,
});

/** A broker that answers SUBSCRIBE and then sends these. */
const sending =
  (...messages: readonly Packet[]): Reaction =>
  (packet, link) => {
    if (packet.type !== PacketType.subscribe) return undefined;
    link.send({
      type: PacketType.suback,
      packetId: packet.packetId,
      reasonCodes: packet.subscriptions.map(({ qos }) => qos),
    });
    for (const one of messages) link.send(one);
    return true;
  };

const sent = (fake: FakeBroker): [string, string, number, boolean][] =>
  fake.all(PacketType.publish).map(({ topic, payload, qos, retain }) => [topic, text.decode(payload), qos, retain]);

test('pub -m publishes one message, says DISCONNECT and exits with 0', async (t) => {
  const fake = await broker(t);
  const program = start(['pub', ...at(fake), '-t', 'kitchen/soup', '-m', 'ready', '-q', '1', '-r']);
  assert.equal(await program.code, 0);
  assert.deepEqual(sent(fake), [['kitchen/soup', 'ready', 1, true]]);
  assert.equal(fake.received.at(-1)?.type, PacketType.disconnect);
  assert.equal(program.out() + program.err(), '');
  assert.equal(fake.all(PacketType.connect)[0]?.protocolVersion, 4);
});

test('pub -l publishes each line in order, the empty one and an unfinished last one too', async (t) => {
  const fake = await broker(t);
  const program = start(['pub', ...at(fake), '-t', 'a', '-l', '-q', '2', '-M', '2']);
  program.stdin.end('one\ntwo\n\nf\u00fcnf');
  assert.equal(await program.code, 0);
  assert.deepEqual(
    sent(fake).map(([, payload]) => payload),
    ['one', 'two', '', 'f\u00fcnf'],
  );
});

test('pub -l reads no further than what may be in flight', async (t) => {
  const fake = await broker(t, (packet) => packet.type === PacketType.publish);
  const program = start(['pub', ...at(fake), '-t', 'a', '-l', '-q', '1', '-M', '2']);
  program.stdin.write('1\n2\n3\n4\n');
  await fake.until(PacketType.publish, 2);
  program.signal('SIGINT');
  assert.equal(await program.code, 130);
  await fake.until(PacketType.disconnect);
  assert.deepEqual(
    sent(fake).map(([, payload]) => payload),
    ['1', '2'],
  );
});

test('pub -s publishes all of standard input, -n nothing, --repeat several times', async (t) => {
  const fake = await broker(t);
  const whole = start(['pub', ...at(fake), '-t', 'a', '-s']);
  whole.stdin.end('x\ny\n');
  assert.equal(await whole.code, 0);
  assert.equal(await start(['pub', ...at(fake), '-t', 'b', '-n', '--repeat', '2', '--repeat-delay', '0.01']).code, 0);
  await fake.until(PacketType.disconnect, 2);
  assert.deepEqual(sent(fake), [
    ['a', 'x\ny\n', 0, false],
    ['b', '', 0, false],
    ['b', '', 0, false],
  ]);
});

test('-D makes it MQTT 5 and reaches each packet it names', async (t) => {
  const fake = await broker(t);
  const flags = '-D connect receive-maximum 5 -D publish user-property a b -D publish content-type text/plain'.split(
    ' ',
  );
  const more = '-D disconnect user-property c d -D will will-delay-interval 3 --will-topic w -x 60'.split(' ');
  assert.equal(await start(['pub', ...at(fake), '-t', 'a', '-m', 'x', ...flags, ...more]).code, 0);
  await fake.until(PacketType.disconnect);
  const [connect] = fake.all(PacketType.connect);
  assert.equal(connect?.protocolVersion, 5);
  assert.deepEqual(connect?.properties, { receiveMaximum: 5, sessionExpiryInterval: 60 });
  assert.deepEqual(connect?.will?.properties, { willDelayInterval: 3 });
  assert.deepEqual(fake.all(PacketType.publish)[0]?.properties, {
    userProperties: [['a', 'b']],
    contentType: 'text/plain',
  });
  assert.deepEqual(fake.all(PacketType.disconnect)[0]?.properties, { userProperties: [['c', 'd']] });
});

test('-L gives user, password, host, port and topic', async (t) => {
  const fake = await broker(t);
  const url = `mqtt://ann:s%40cret@127.0.0.1:${fake.port}/kitchen/soup`;
  assert.equal(await start(['pub', '-L', url, '-m', 'x']).code, 0);
  const [connect] = fake.all(PacketType.connect);
  assert.equal(connect?.username, 'ann');
  assert.equal(text.decode(connect?.password), 's@cret');
  assert.equal(sent(fake)[0]?.[0], 'kitchen/soup');
});

test('sub prints payloads and ends after -C messages; -v puts the topic before them', async (t) => {
  const fake = await broker(
    t,
    sending(message('a', 'one'), message('b', ''), message('c', 'three'), message('d', 'four')),
  );
  const bare = start(['sub', ...at(fake), '-t', '#', '-C', '3']);
  assert.equal(await bare.code, 0);
  assert.equal(bare.out(), 'one\nthree\n');
  const verbose = start(['sub', ...at(fake), '-t', '#', '-C', '3', '-v']);
  assert.equal(await verbose.code, 0);
  assert.equal(verbose.out(), 'a one\nb (null)\nc three\n');
});

test('sub -C acknowledges what it printed and nothing beyond', async (t) => {
  const three = [1, 2, 3].map((packetId) => message('a', String(packetId), { qos: 1, packetId }));
  const fake = await broker(t, sending(...three));
  const program = start(['sub', ...at(fake), '-t', 'a', '-q', '1', '-C', '2', '-c', '-i', 'worker']);
  assert.equal(await program.code, 0);
  await fake.until(PacketType.disconnect);
  assert.equal(program.out(), '1\n2\n');
  assert.deepEqual(
    fake.all(PacketType.puback).map(({ packetId }) => packetId),
    [1, 2],
  );
});

test('sub -C takes one message of a kept session at a time, even when all come right behind the CONNACK', async (t) => {
  const waiting = [1, 2, 3].map((packetId) => message('a', String(packetId), { qos: 1, packetId }));
  const fake = await broker(t, (packet, link) => {
    if (packet.type !== PacketType.connect) return undefined;
    link.send({ type: PacketType.connack, sessionPresent: true, reasonCode: 0 });
    for (const one of waiting) link.send(one);
    return true;
  });
  const program = start(['sub', ...at(fake), '-t', 'a', '-q', '1', '-C', '1', '-c', '-i', 'worker']);
  assert.equal(await program.code, 0);
  await fake.until(PacketType.disconnect);
  assert.equal(program.out(), '1\n');
  assert.deepEqual(
    fake.all(PacketType.puback).map(({ packetId }) => packetId),
    [1],
  );
});

test('-T, -R and --json choose and shape what is printed', async (t) => {
  const old = message('old', 'x', { retain: true });
  const fake = await broker(t, sending(old, message('hidden/1', 'x'), message('seen', 'x')));
  const program = start(['sub', ...at(fake), '-t', '#', '-T', 'hidden/#', '-R', '--json', '-C', '1']);
  assert.equal(await program.code, 0);
  const { tst: _, ...rest } = JSON.parse(program.out());
  assert.deepEqual(rest, { topic: 'seen', qos: 0, retain: 0, payloadlen: 1, payload: 'x' });
});

test('--remove-retained clears what arrives retained, and --retained-only ends at the first other message', async (t) => {
  const retained = ['a', 'b', 'keep'].map((topic) => message(topic, 'x', { retain: true }));
  const fake = await broker(t, sending(...retained, message('live', 'y')));
  const program = start(['sub', ...at(fake), '-t', '#', '-T', 'keep', '--remove-retained', '--retained-only', '-v']);
  assert.equal(await program.code, 0);
  assert.equal(program.out(), 'a x\nb x\n');
  assert.deepEqual(sent(fake), [
    ['a', '', 1, true],
    ['b', '', 1, true],
  ]);
});

test('-E ends when the subscriptions are confirmed, -U unsubscribes', async (t) => {
  const fake = await broker(t);
  const args = ['sub', ...at(fake), '-t', 'a', '-t', 'b/#', '-q', '2', '-U', 'c', '-E'];
  assert.equal(await start(args).code, 0);
  assert.deepEqual(
    fake.all(PacketType.subscribe)[0]?.subscriptions.map(({ filter, qos }) => [filter, qos]),
    [
      ['a', 2],
      ['b/#', 2],
    ],
  );
  assert.deepEqual(fake.all(PacketType.unsubscribe)[0]?.filters, ['c']);
});

test('-W ends with exit code 27 and says so', async (t) => {
  const fake = await broker(t);
  const program = start(['sub', ...at(fake), '-t', 'a', '-W', '1']);
  assert.equal(await program.code, 27);
  assert.equal(program.err(), 'cauldron sub: timed out after 1 s (-W)\n');
  assert.equal(fake.received.at(-1)?.type, PacketType.disconnect);
});

test('Ctrl-C ends sub with DISCONNECT and 0; with -C unfulfilled it is 130, SIGTERM 143', async (t) => {
  const fake = await broker(t);
  const cases = [
    [[], 'SIGINT', 0],
    [['-C', '1'], 'SIGINT', 130],
    [['-C', '1'], 'SIGTERM', 143],
  ] as const;
  for (const [i, [flags, signal, code]] of cases.entries()) {
    const program = start(['sub', ...at(fake), '-t', 'a', ...flags]);
    await fake.until(PacketType.subscribe, i + 1);
    program.signal(signal);
    assert.equal(await program.code, code);
    assert.equal(fake.received.at(-1)?.type, PacketType.disconnect);
  }
});

test('sub ends with DISCONNECT and 0 when nobody reads its output any more', async (t) => {
  const fake = await broker(t, sending(message('a', 'x')));
  const program = start(['sub', ...at(fake), '-t', 'a']);
  program.stdout.once('data', () => program.stdout.destroy());
  assert.equal(await program.code, 0);
  assert.equal(fake.received.at(-1)?.type, PacketType.disconnect);
});

test('sub reads no more from the broker while its output is not read', async (t) => {
  const big = 'x'.repeat(200_000);
  const fake = await broker(
    t,
    sending(message('a', big, { qos: 1, packetId: 1 }), message('a', big, { qos: 1, packetId: 2 })),
  );
  const program = start(['sub', ...at(fake), '-t', 'a', '-q', '1', '-C', '2']);
  program.stdout.pause();
  await fake.until(PacketType.subscribe);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(fake.all(PacketType.puback), []);
  program.stdout.resume();
  assert.equal(await program.code, 0);
  assert.equal(program.out(), `${big}\n${big}\n`);
});

const refusing =
  (type: number, answer: (packetId: number) => Packet): Reaction =>
  (packet, link) => {
    if (packet.type !== type) return undefined;
    link.send(answer('packetId' in packet ? packet.packetId : 0));
    return true;
  };

test('a refused connection exits with 3 and one line that names the reason', async (t) => {
  const properties = { reasonString: 'no such cook' };
  const fake = await broker(
    t,
    refusing(PacketType.connect, () => ({
      type: PacketType.connack,
      sessionPresent: false,
      reasonCode: 0x86,
      properties,
    })),
  );
  const program = start(['pub', ...at(fake), '-V', '5', '-t', 'a', '-m', 'x']);
  assert.equal(await program.code, 3);
  assert.equal(
    program.err(),
    `cauldron pub: the broker at mqtt://127.0.0.1:${fake.port} refused the connection: Bad user name or password (0x86): no such cook\n`,
  );
});

test('a refused message and a refused subscription exit with 5', async (t) => {
  const fake = await broker(t, (packet, link) => {
    if (packet.type === PacketType.publish)
      link.send({ type: PacketType.puback, packetId: packet.packetId, reasonCode: 0x87 });
    else if (packet.type === PacketType.subscribe)
      link.send({ type: PacketType.suback, packetId: packet.packetId, reasonCodes: [0x87] });
    else return undefined;
    return true;
  });
  const pub = start(['pub', ...at(fake), '-V', '5', '-t', 'a', '-m', 'x', '-q', '1']);
  assert.equal(await pub.code, 5);
  assert.equal(pub.err(), 'cauldron pub: the broker refused a message on a: Not authorized (0x87)\n');
  const sub = start(['sub', ...at(fake), '-V', '5', '-t', 'a']);
  assert.equal(await sub.code, 5);
  assert.equal(sub.err(), 'cauldron sub: the broker refused the subscription to a: Not authorized (0x87)\n');
});

test('a lost connection exits with 6 where sub must not reconnect, an unreachable broker with 4; --quiet prints neither', async (t) => {
  const fake = await broker(t, (packet, link) => {
    if (packet.type === PacketType.subscribe) link.cut();
    return packet.type === PacketType.subscribe ? true : undefined;
  });
  const lost = start(['sub', ...at(fake), '-t', 'a', '--no-reconnect']);
  assert.equal(await lost.code, 6);
  assert.match(lost.err(), /^cauldron sub: the connection to mqtt:.* was lost.*\n$/);
  const { port } = fake;
  await fake.close();
  const gone = start(['pub', '-h', '127.0.0.1', '-p', String(port), '-t', 'a', '-m', 'x']);
  assert.equal(await gone.code, 4);
  assert.match(
    gone.err(),
    /^cauldron pub: cannot reach mqtt:\/\/127\.0\.0\.1:\d+: connection refused, nothing listens there.*\n$/,
  );
  const quiet = start(['pub', '-h', '127.0.0.1', '-p', String(port), '-t', 'a', '-m', 'x', '--quiet']);
  assert.equal(await quiet.code, 4);
  assert.equal(quiet.err(), '');
});

const usage: readonly [args: string[], text: RegExp][] = [
  [['pub', '-m', 'x'], /a topic is missing: add -t TOPIC/],
  [['pub', '-t', 'a'], /the message is missing: add -m TEXT, -n, -f FILE, -l or -s/],
  [['pub', '-t', 'a', '-m', 'x', '-n'], /--message and --null-message exclude each other/],
  [['pub', '-t', 'a/#', '-m', 'x'], /-t: the topic name contains the wildcard '#'/],
  [['pub', '-t', 'a', '-m', 'x', '-q', '3'], /--qos must be a whole number from 0 to 2, not "3"/],
  [['pub', '-t', 'a', '-m', 'x', '-p', '70000'], /--port must be a whole number from 1 to 65535, not "70000"/],
  [['pub', '-t', 'a', '-m', 'two', 'words'], /"words" belongs to no flag/],
  [['pub', '-t', 'a', '-m', 'x', '-P', 'p'], /a password \(-P\) needs a user name/],
  [['pub', '-t', 'a', '-m', 'x', '-c'], /-c keeps a session under a client identifier/],
  [['pub', '-t', 'a', '-m', 'x', '-V', '4'], /-V must be 5, 311 or 31/],
  [['pub', '-t', 'a', '-m', 'x', '-L', 'http://x'], /-L must look like mqtt:/],
  [['pub', '-t', 'a', '-m', 'x', '--will-qos', '1'], /--will-qos needs --will-topic/],
  [['pub', '-t', 'a', '-m', 'x', '--key', 'k'], /--key needs TLS/],
  [['pub', '-t', 'a', '-f', '/does/not/exist'], /-f: cannot read \/does\/not\/exist/],
  [['pub', '-t', 'a', '-m', 'x', '-D', 'pub', 'topic-alias', '1'], /-D cannot set properties of "pub" here/],
  [
    ['pub', '-t', 'a', '-m', 'x', '-D', 'publish', 'topic-alais', '1'],
    /no property "topic-alais"; did you mean topic-alias\?/,
  ],
  [
    ['pub', '-t', 'a', '-m', 'x', '-D', 'publish', 'receive-maximum', '1'],
    /PUBLISH has no property receive-maximum; it has/,
  ],
  [
    ['pub', '-t', 'a', '-m', 'x', '-D', 'publish', 'topic-alias', '70000'],
    /topic-alias must be a whole number from 0 to 65535/,
  ],
  [['sub'], /a topic is missing: add -t TOPIC/],
  [['sub', '-t', 'a/#/b'], /-t: /],
  [['sub', '-t', 'a', '-R', '--retained-only'], /exclude each other/],
  [['sub', '-t', 'a', '--no-local'], /--no-local exists only in MQTT 5; add -V 5/],
  [['sub', '-t', 'a', '-F', '%z'], /-F has no sequence %z/],
  [['sub', '--tpoic', 'a'], /unknown flag --tpoic; did you mean --topic\?/],
  [['sbu'], /unknown command "sbu"; did you mean sub\?/],
  [['-t', 'a'], /the command comes first/],
];
for (const [args, expected] of usage) {
  test(`wrong usage is told in one line with exit code 2: cauldron ${args.join(' ')}`, async () => {
    const program = start(args);
    assert.equal(await program.code, 2);
    assert.match(program.err(), expected);
    assert.equal(program.err().trimEnd().split('\n').length, 1);
  });
}

test('help teaches: the overview names every command, a command its flags and examples', async () => {
  const overview = start(['--help']);
  assert.equal(await overview.code, 0);
  assert.match(overview.out(), /cauldron sub -t 'greetings\/#' -v/);
  for (const args of [
    ['help', 'pub'],
    ['pub', '--help'],
  ]) {
    const help = start(args);
    assert.equal(await help.code, 0);
    assert.match(help.out(), / {2}-t, --topic TOPIC {11}Topic to publish to\./);
    assert.match(help.out(), /Make sure the broker has it:\n {4}cauldron pub -t orders\/42 -f order\.json -q 1/);
  }
  const version = start(['--version']);
  assert.equal(await version.code, 0);
  assert.match(version.out(), /^cauldron \d+\.\d+\.\d+\n$/);
});

test('a password comes from the command line, a file or the environment: from one of them', async (t) => {
  const file = join(tempDir(t), 'password');
  writeFileSync(file, 'from a file\nand more\n');
  const fake = await broker(t);
  const pub = ['pub', ...at(fake), '-t', 'a', '-m', 'x', '-u', 'ann'];
  const ways: [string[], string][] = [
    [['-P', 'said'], 'said'],
    [['--password-file', file], 'from a file'],
    [['--password-env', 'SOUP'], 'from the environment'],
  ];
  for (const [flags] of ways) assert.equal(await start([...pub, ...flags], { SOUP: 'from the environment' }).code, 0);
  assert.deepEqual(
    fake.all(PacketType.connect).map(({ password }) => text.decode(password)),
    ways.map(([, password]) => password),
  );
  const wrong: [string[], RegExp][] = [
    [['--password-env', 'SOUP'], /no environment variable SOUP/],
    [['--password-file', `${file}.gone`], /cannot read .*gone/],
    [['-P', 'x', '--password-file', file], /exclude each other/],
  ];
  for (const [flags, said] of wrong) {
    const run = start([...pub, ...flags]);
    assert.equal(await run.code, 2);
    assert.match(run.err(), said);
  }
});
