import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzCodec } from './fuzz-codec.ts';

test('damaged packets of the corpus are decoded or refused with MqttError, and accepted ones survive a round trip', () => {
  const { accepted, refused } = fuzzCodec({ cases: 20_000, seed: 20_260 });
  // Both must happen often, or the mutations are too tame or too wild to test anything.
  assert(accepted > 1000, `only ${accepted} of 20,000 were accepted`);
  assert(refused > 1000, `only ${refused} of 20,000 were refused`);
});

test('a seed replays the same run', () => {
  assert.deepEqual(fuzzCodec({ cases: 500, seed: 7 }), fuzzCodec({ cases: 500, seed: 7 }));
});
