import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOST_UNSENT, MOST_UNSENT_OF_ONE, UnsentAnswers } from './unsent-answers.ts';

test('who does not read its answers gets no more of them, until it does', () => {
  const unsent = new UnsentAnswers();
  const sent = unsent.begin('a', MOST_UNSENT_OF_ONE);
  assert.throws(() => unsent.check('a'), { code: 'ANSWERS_UNREAD', status: 503 });
  unsent.check('b');
  sent();
  sent();
  unsent.check('a');
});

test('all together are bounded', () => {
  const unsent = new UnsentAnswers();
  const each = MOST_UNSENT_OF_ONE / 2;
  const sent = Array.from({ length: MOST_UNSENT / each }, (_, i) => unsent.begin(`host ${i}`, each));
  assert.throws(() => unsent.check('late'), { code: 'ANSWERS_UNREAD' });
  sent[0]!();
  unsent.check('late');
});
