import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OutboundWindow } from './outbound-window.ts';

interface Item {
  readonly name: string;
}

const item = (name: string): Item => ({ name });

function contents(window: OutboundWindow<Item>): string[] {
  const found: string[] = [];
  window.forEach((id, { name }, released) => {
    found.push(`${id} ${name}${released ? ' released' : ''}`);
  });
  return found;
}

test('identifiers start at 1, go up, skip what is in use and go on at 1 after 65,535 [MQTT-2.2.1-4] [MQTT-4.3.2-1] [MQTT-4.3.3-1]', () => {
  const window = new OutboundWindow<Item>();
  const stuck = window.add(item('stuck'));
  assert.equal(stuck, 1);
  const taken: number[] = [];
  for (let i = 0; i < 100_000; i++) {
    taken.push(window.add(item('x')));
    window.remove(taken.at(-1)!);
  }
  assert.equal(taken.includes(stuck), false);
  assert.equal(taken.includes(0), false);
  assert.equal(Math.max(...new Set(taken)), 65_535);
  const rounds = taken.filter((id, i) => i > 0 && id < taken[i - 1]!).length;
  assert.ok(rounds >= 1);
  assert.equal(window.published(stuck)?.name, 'stuck');
});

test('all 65,535 identifiers can be in use, each once, and one more is an error', () => {
  const window = new OutboundWindow<Item>();
  const ids = new Set<number>();
  for (let i = 0; i < 65_535; i++) ids.add(window.add(item(`${i}`)));
  assert.equal(ids.size, 65_535);
  assert.equal(Math.min(...ids), 1);
  assert.equal(Math.max(...ids), 65_535);
  assert.equal(window.size, 65_535);
  assert.throws(() => window.add(item('one more')), RangeError);
  window.remove(30_000);
  assert.equal(window.add(item('again')), 30_000);
});

test('what is unacknowledged comes back in its first sending order, also when identifiers went round meanwhile [MQTT-4.6.0-1]', () => {
  const window = new OutboundWindow<Item>();
  window.add(item('oldest'));
  for (let i = 0; i < 70_000; i++) window.remove(window.add(item('x')));
  window.add(item('newer'));
  window.add(item('newest'));
  const names: string[] = [];
  window.forEach((_id, { name }) => {
    names.push(name);
  });
  assert.deepEqual(names, ['oldest', 'newer', 'newest']);
});

test('a released identifier is no longer published, keeps its place and is free after remove [MQTT-4.3.3-4] [MQTT-4.3.3-5]', () => {
  const window = new OutboundWindow<Item>();
  const [a, b] = [window.add(item('a')), window.add(item('b'))];
  window.release(a);
  assert.equal(window.published(a), null);
  assert.equal(window.released(a), true);
  assert.equal(window.released(b), false);
  assert.deepEqual(contents(window), [`${a} a released`, `${b} b`]);
  assert.equal(window.get(a)?.name, 'a');
  assert.equal(window.get(b)?.name, 'b');
  assert.equal(window.remove(a), true);
  assert.equal(window.remove(a), false);
  assert.equal(window.released(a), false);
  assert.equal(window.size, 1);
});

test('identifiers that are not in use are neither published nor released nor removed', () => {
  const window = new OutboundWindow<Item>();
  for (const id of [0, 1, 4, 65_535]) {
    assert.equal(window.published(id), null);
    assert.equal(window.released(id), false);
    assert.equal(window.remove(id), false);
    window.release(id);
  }
  window.add(item('a'));
  // The same slot of the ring as 1, and yet another identifier.
  for (const id of [5, 9, 65_533]) {
    assert.equal(window.published(id), null);
    assert.equal(window.remove(id), false);
    window.release(id);
  }
  assert.deepEqual(contents(window), ['1 a']);
});

test('what was in flight is put back under its identifiers and in its order, and new ones go around them [MQTT-4.4.0-1]', () => {
  const ids = fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { maxLength: 30 });
  fc.assert(
    fc.property(ids, (kept) => {
      const window = new OutboundWindow<Item>();
      for (const id of kept) window.put(id, item(`${id}`));
      assert.deepEqual(
        contents(window),
        kept.map((id) => `${id} ${id}`),
      );
      for (const id of kept) assert.throws(() => window.put(id, item('again')), RangeError);
      for (let i = 0; i < 100; i++) assert.ok(!kept.includes(window.add(item('new'))));
      assert.equal(window.size, kept.length + 100);
    }),
    { numRuns: 100 },
  );
});

test('any sequence of additions, releases and removals does what a plain list would do', () => {
  const step = fc.record({ kind: fc.constantFrom('add', 'add', 'release', 'remove'), pick: fc.nat(1000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const window = new OutboundWindow<Item>();
      const model: { id: number; name: string; released: boolean }[] = [];
      for (const [n, { kind, pick }] of steps.entries()) {
        const chosen = model[pick % Math.max(1, model.length)];
        if (kind === 'add') {
          const id = window.add(item(`${n}`));
          assert.ok(id >= 1 && id <= 65_535 && !model.some((entry) => entry.id === id));
          model.push({ id, name: `${n}`, released: false });
        } else if (chosen !== undefined && kind === 'release') {
          window.release(chosen.id);
          chosen.released = true;
        } else if (chosen !== undefined) {
          assert.equal(window.remove(chosen.id), true);
          model.splice(model.indexOf(chosen), 1);
        }
      }
      assert.equal(window.size, model.length);
      assert.deepEqual(
        contents(window),
        model.map(({ id, name, released }) => `${id} ${name}${released ? ' released' : ''}`),
      );
    }),
    { numRuns: 100 },
  );
});
