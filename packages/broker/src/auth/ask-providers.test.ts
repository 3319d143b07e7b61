import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askInOrder, type Question } from './ask-providers.ts';
import { loginRequest, StubProvider } from './fixtures/chain-fixture.ts';
import type { Verdict } from './provider.ts';

const question = (signal: AbortSignal, heard: Question['heard'] = () => {}): Question => ({
  request: loginRequest({ username: 'ali', password: 'open sesame' }),
  signal,
  heard,
});

const never = new AbortController().signal;

test('who answers at once is answered at once, also behind one that needs a promise', async () => {
  const first = new StubProvider('first');
  const second = new StubProvider('second', { ali: 'open sesame' });
  assert.deepEqual(askInOrder([first, second], question(never)), { provider: second, verdict: { outcome: 'accept' } });
  first.answer = async () => ({ outcome: 'unknown' });
  const said: [string, string][] = [];
  const heard: Question['heard'] = ({ name }, { outcome }) => said.push([name, outcome]);
  assert.equal((await askInOrder([first, second], question(never, heard))).provider, second);
  assert.deepEqual(said, [
    ['first', 'unknown'],
    ['second', 'accept'],
  ]);
});

test('without providers, or where all do not know, nobody does', () => {
  const nobody: { provider: null; verdict: Verdict } = { provider: null, verdict: { outcome: 'unknown' } };
  assert.deepEqual(askInOrder([], question(never)), nobody);
  assert.deepEqual(askInOrder([new StubProvider('a'), new StubProvider('b')], question(never)), nobody);
});

test('nobody is asked any more once the answer does not count', () => {
  const provider = new StubProvider('passwords', { ali: 'open sesame' });
  const answer = askInOrder([provider], question(AbortSignal.abort(new Error('too late'))));
  assert.deepEqual(answer, { provider, verdict: { outcome: 'unavailable', reason: 'too late' } });
  assert.equal(provider.asked, 0);
});
