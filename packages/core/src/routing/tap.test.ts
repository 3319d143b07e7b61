import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestBroker, textOf } from '@cauldron/testkit';
import type { Tap } from '../ports.ts';

/** Writes down what it sees. */
class Notes implements Tap {
  readonly seen: string[] = [];

  message: Tap['message'] = ({ topic, body, qos, retain, publisher }) => {
    const text = textOf(body.bytes.slice(body.payloadStart, body.end));
    this.seen.push(`${publisher?.clientId ?? 'program'}: ${topic.name}=${text} qos ${qos}${retain ? ' retain' : ''}`);
  };

  run: Tap['run'] = (run) => {
    run.each((view) => {
      const text = textOf(view.bytes.slice(view.payloadStart, view.end));
      this.seen.push(`${run.publisher?.clientId}: ${run.topic.name}=${text} run`);
    });
  };
}

test('the tap sees every message that is routed, whether anybody gets it or not', () => {
  const broker = new TestBroker();
  const notes = new Notes();
  broker.core.router.tap = notes;
  const publisher = broker.connect('p', { version: 5 });
  publisher.publish('a', '1');
  publisher.publish('a', '2', { qos: 1, packetId: 1 });
  publisher.publish('b', '3', { retain: true });
  broker.core.publish({ topic: 'c', payload: new Uint8Array([52]), qos: 0, retain: false, properties: undefined });
  assert.deepEqual(notes.seen, ['p: a=1 run', 'p: a=2 qos 1', 'p: b=3 qos 0 retain', 'program: c=4 qos 0']);
});

test('without a tap nothing is shown, and a tap that is taken away sees no more', () => {
  const broker = new TestBroker();
  const notes = new Notes();
  const publisher = broker.connect('p');
  publisher.publish('a', '1');
  broker.core.router.tap = notes;
  publisher.publish('a', '2');
  broker.core.router.tap = null;
  publisher.publish('a', '3');
  assert.deepEqual(notes.seen, ['p: a=2 run']);
});
