// `cauldron demo` as people start it, seen by an MQTT client.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Client, connect, subscribeOnce } from '@cauldron/client';
import { CAULDRON } from '../support/command-line.ts';
import { type StartedProcess, startProcess } from '../support/process.ts';

/** Milliseconds in which what a person waits for has to happen: a measurement, or a device that starts anew. */
const SOON = 8000;

/** A demo in a process of its own, and everything that is published below `demo/`. */
class Watched {
  readonly process: StartedProcess;
  /** Of the broker. */
  readonly url: string;
  readonly client: Client;
  /** `TOPIC PAYLOAD`, in the order they came. */
  readonly seen: string[] = [];
  readonly #watchers = new Set<() => void>();

  private constructor(process: StartedProcess, url: string, client: Client) {
    this.process = process;
    this.url = url;
    this.client = client;
  }

  static async start(t: TestContext): Promise<Watched> {
    const args = [CAULDRON, 'demo', '--no-open', '-p', '0', '--ws-port', '0'];
    const demo = startProcess(t, process.execPath, args);
    const [, url] = await demo.waitForLine(/listens on (mqtt:\S+)/, 20_000);
    const client = await connect(url!, { reconnect: false });
    t.after(() => client.end({ timeout: 0 }));
    const watched = new Watched(demo, url!, client);
    await client.on('demo/#', (message) => {
      watched.seen.push(`${message.topic.slice('demo/'.length)} ${message.text()}`);
      for (const look of [...watched.#watchers]) look();
    });
    return watched;
  }

  tell(topic: string, payload: string, retain = false): Promise<unknown> {
    return this.client.publish(`demo/${topic}/set`, payload, { qos: 1, retain });
  }

  /** Waits for the first message from `from` on that is this text, or fits; answers where the next search begins. */
  until(what: string | ((line: string) => boolean), from = 0): Promise<number> {
    const fits = typeof what === 'string' ? (line: string) => line === what : what;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no ${what} within ${SOON} ms in ${this.seen.slice(from).join('; ')}`)),
        SOON,
      );
      const look = (): void => {
        const index = this.seen.findIndex((line, i) => i >= from && fits(line));
        if (index < 0) return;
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve(index + 1);
      };
      this.#watchers.add(look);
      look();
    });
  }

  get now(): number {
    return this.seen.length;
  }
}

const celsiusOf = (line: string): number | null =>
  line.startsWith('thermometer/temperature ') ? JSON.parse(line.slice(line.indexOf(' '))).celsius : null;

test('the thermometer measures, takes a target, confirms it and warms the room up', async (t) => {
  const demo = await Watched.start(t);
  const first = celsiusOf(demo.seen[(await demo.until((line) => celsiusOf(line) !== null)) - 1]!)!;
  assert.ok(first > 10 && first < 30, `${first}`);
  const from = demo.now;
  await demo.tell('thermometer/target', '30');
  await demo.until('thermometer/target 30', from);
  await demo.until((line) => (celsiusOf(line) ?? 0) > first + 1, from);
});

test('the LED says how it stands, and resumes after its plug was out, from the command that the broker kept', async (t) => {
  const demo = await Watched.start(t);
  await demo.until('lamp/led off');
  await demo.tell('lamp/led', 'on', true);
  const lit = await demo.until('lamp/led on');
  await demo.tell('lamp/plug', 'off');
  const dead = await demo.until('lamp/status offline', lit);
  await demo.until('lamp/plug off', lit);
  await demo.tell('lamp/plug', 'on');
  const born = await demo.until('lamp/status online', dead);
  await demo.until('lamp/led on', dead);
  await demo.until('lamp/plug on', dead);
  assert.ok(born > dead);
  assert.equal(demo.seen.slice(dead).includes('lamp/led off'), false, 'it was never said to be dark');
});

test('a plug that is pulled has the broker publish the will, measurements end, and plugged in it starts anew', async (t) => {
  const demo = await Watched.start(t);
  await demo.tell('thermometer/target', '25', true);
  const set = await demo.until('thermometer/target 25');
  await demo.tell('thermometer/plug', 'off');
  const dead = await demo.until('thermometer/status offline', set);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.deepEqual(
    demo.seen.slice(dead).filter((line) => celsiusOf(line) !== null),
    [],
  );
  await demo.tell('thermometer/plug', 'on');
  await demo.until('thermometer/status online', dead);
  await demo.until('thermometer/target 25', dead);
  await demo.until((line) => celsiusOf(line) !== null, dead);
});

test('whoever comes after a plug was pulled sees that the device is offline', async (t) => {
  const demo = await Watched.start(t);
  await demo.until('lamp/status online');
  await demo.tell('lamp/plug', 'off');
  await demo.until('lamp/status offline');
  const message = await subscribeOnce(demo.url, 'demo/lamp/status');
  assert.deepEqual([message.text(), message.retain], ['offline', true]);
});

test('the buzzer buzzes for as long as it is told, and then says that it is silent', async (t) => {
  const demo = await Watched.start(t);
  await demo.until('lamp/status online');
  const from = demo.now;
  await demo.tell('lamp/buzzer', '200');
  const buzzing = await demo.until('lamp/buzzer on', from);
  await demo.until('lamp/buzzer off', buzzing);
});

test('what the devices do not understand they say', async (t) => {
  const demo = await Watched.start(t);
  await demo.tell('lamp/led', 'purple');
  await demo.until('lamp/error led: "purple" is not understood; send on or off');
  await demo.tell('lamp/plug', 'sideways');
  await demo.until('lamp/error plug: send on or off; the devices are thermometer and lamp');
});

test('a device whose connection an administrator ends comes back by itself', async (t) => {
  const demo = await Watched.start(t);
  await demo.until('lamp/status online');
  const [, http] = await demo.process.waitForLine(/Look at it: (http:\/\/[^/]+)/);
  const from = demo.now;
  const answer = await fetch(`${http}/api/v1/clients/demo-lamp/disconnect`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  assert.ok(answer.ok, `${answer.status} ${await answer.text()}`);
  const dead = await demo.until('lamp/status offline', from);
  await demo.until('lamp/status online', dead);
});

test('a device whose name somebody else takes is dead, says so, and its plug starts it again', async (t) => {
  const demo = await Watched.start(t);
  await demo.until('lamp/plug on');
  const thief = await connect(demo.url, { clientId: 'demo-lamp', reconnect: false });
  const out = await demo.until('lamp/plug off');
  await demo.process.waitForLine(/the lamp of the demo lost its connection: .*Its plug switch starts it again/);
  await thief.end();
  await demo.tell('lamp/plug', 'on');
  await demo.until('lamp/status online', out);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} ends it with 0, and its devices say that they are gone`, async (t) => {
    const demo = await Watched.start(t);
    await demo.until('lamp/status online');
    demo.process.kill(signal);
    assert.equal((await demo.process.waitForExit()).code, 0);
    await demo.client.closed;
    assert.ok(demo.seen.includes('lamp/status offline') && demo.seen.includes('thermometer/status offline'));
    assert.equal(demo.process.stderr, '');
  });
}
