// What several subscriptions of one client match reaches each of them once, with brokers that send one copy or several.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, type Message } from '@cauldron/client';
import { until } from '../support/broker.ts';
import { peerKinds } from '../support/peers/index.ts';

const FILTERS = ['a/#', 'a/b', 'a/+', '$share/one/a/b', '$share/two/a/#'];

for (const kind of peerKinds.filter(({ versions }) => versions.includes(5))) {
  test(`${kind.name}: overlapping filters, shared ones among them, get each message once`, async (t) => {
    const peer = await kind.make(t);
    await peer.start();
    const client = await connect(`mqtt://127.0.0.1:${peer.port}`, { protocolVersion: 5 });
    t.after(() => client.end());
    const got = new Map<string, string[]>();
    for (const filter of FILTERS) {
      const texts: string[] = [];
      got.set(filter, texts);
      await client.on(filter, (message: Message) => void texts.push(message.text()), { qos: 2 });
    }
    for (const text of ['1', '2', '3', 'end']) await client.publish('a/b', text, { qos: 2 });
    await until('the last message everywhere', () => [...got.values()].every((texts) => texts.includes('end')));
    // What comes twice comes by then, or right behind: the broker answers in order.
    await client.publish('elsewhere', '', { qos: 1 });
    for (const [filter, texts] of got) assert.deepEqual(texts, ['1', '2', '3', 'end'], filter);
  });
}
