import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closest } from './spelling.ts';

test('the nearest name is found through a missing, extra, wrong or swapped letter, and through case and joints', () => {
  const known = ['maxPacketSize', 'maxConnections', 'port', 'host'];
  for (const word of [
    'maxPacktSize',
    'maxPacketsSize',
    'maxPaketSise',
    'maxPcaketSize',
    'MAX_PACKET_SIZE',
    'max-packet-size',
  ]) {
    assert.equal(closest(word, known), 'maxPacketSize', word);
  }
  assert.equal(closest('prot', known), 'port');
});

test('a word like none of the names finds nothing', () => {
  assert.equal(closest('colour', ['port', 'maxConnections']), undefined);
  assert.equal(closest('x', []), undefined);
});
