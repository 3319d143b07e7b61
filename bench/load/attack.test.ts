import assert from 'node:assert/strict';
import { test } from 'node:test';
import { described } from './attack.ts';

test('what several attacks came to is added up in one line', () => {
  const first = { actions: 5, opened: 2, closed: 1, answers: { 'CONNACK 0x00': 2 } };
  const second = { actions: 6, opened: 1, closed: 1, answers: { 'CONNACK 0x00': 1, 'DISCONNECT 0x96': 1 } };
  const counts = '11 actions, 3 connections, of which the broker ended 2';
  assert.equal(described([first, second]), `${counts}; it heard 3 CONNACK 0x00, 1 DISCONNECT 0x96`);
  assert.equal(described([{ ...first, answers: {} }]), '5 actions, 2 connections, of which the broker ended 1');
});
