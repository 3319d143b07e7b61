import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attacks } from '@cauldron/testkit/attacks';
import { securedBrokers } from './brokers-security.ts';
import { settingOf } from './load-model.ts';
import { quickSecurity, securityLoads } from './loads-security.ts';

test('every attack but the one on encrypted listeners has a load, whose goals are those of both ways to set limits', () => {
  const loads = securityLoads.filter(({ shape }) => shape.kind === 'attack');
  assert.equal(loads.length, Object.keys(attacks).length - 1);
  for (const { name, measures } of loads) {
    const goals = measures.flatMap(({ goal, also = [] }) => (goal === undefined ? [] : [goal, ...also]));
    assert.deepEqual(
      goals.map(({ of }) => of ?? 'cauldron'),
      ['cauldron', 'cauldron-limited'],
    );
    assert.match(name, /^attack-[a-z0-9-]+$/);
  }
});

test('brokers that goals name are among those that are run for them', () => {
  const found = { bin: 'cauldron.js', version: '0' };
  for (const load of securityLoads) {
    const setting = settingOf(load);
    assert.ok(setting === 'access' || setting === 'logins' || setting === 'attacks');
    const names = securedBrokers(setting, found)
      .get('cauldron')!
      .map(({ name }) => name);
    for (const { goal, also = [] } of load.measures) {
      for (const one of goal === undefined ? also : [goal, ...also]) {
        assert.ok(names.includes(one.of ?? 'cauldron'));
        assert.ok(one.against === 'absolute' || names.includes(one.against));
      }
    }
  }
});

test('the quick form has a tenth of the users and says so', () => {
  const storm = securityLoads.find(({ name }) => name === 'login-storm')!;
  const { shape, what } = quickSecurity(storm);
  assert.ok(shape.kind === 'login' && shape.users === 1000);
  assert.match(what, /a tenth/);
});
