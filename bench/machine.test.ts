import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diskLine, parseMachineTicks, pinned } from './machine.ts';

test('a command is pinned through taskset, or left as it is', () => {
  assert.deepEqual(pinned(1, ['node', 'x']), ['taskset', '-c', '1', 'node', 'x']);
  assert.deepEqual(pinned(null, ['node', 'x']), ['node', 'x']);
});

test('stolen time is the eighth field, and guest time is not counted twice', () => {
  assert.deepEqual(parseMachineTicks('cpu  1 2 3 4 5 6 7 8 100 100\ncpu0 9 9\n'), { stolen: 8, total: 36 });
  assert.equal(parseMachineTicks('intr 1'), null);
});

test('a folder in memory is said to be no disk', () => {
  const times = { fsyncP50Us: 60, fsyncP99Us: 1234 };
  assert.equal(
    diskLine({ fileSystem: 'ext4', ...times }),
    'ext4, write of 4 KiB in place and fdatasync p50 60.0 us, p99 1234 us',
  );
  assert.match(diskLine({ fileSystem: 'tmpfs', ...times }), /no disk: choose another with --folder/);
});
