import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { loadRuleSet } from '../packages/broker/src/access/index.ts';
import { accessRules, asAclFile, asConfiguration, DENIED_TOPIC, RULE_COUNT } from './access-rules.ts';
import { manyTopics } from './load/topics.ts';

const client = { clientId: 'bench-p0', username: undefined, verified: false, rights: undefined };

test('there are 1,000 rules, no two alike, and both files have one of each', () => {
  const rules = accessRules();
  assert.equal(rules.length, RULE_COUNT);
  assert.equal(new Set(rules.map(({ topic }) => topic)).size, RULE_COUNT);
  assert.equal(asConfiguration(rules).match(/^topic = /gm)?.length, RULE_COUNT);
  assert.equal(asAclFile(rules).trimEnd().split('\n').length, RULE_COUNT);
});

test('in both forms they let anonymous clients use the topics of the loads, and close the one that is tried', () => {
  const rules = accessRules();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-acl-'));
  try {
    const file = path.join(folder, 'acl');
    writeFileSync(file, asAclFile(rules));
    const configured = rules.map(({ does, access, topic }) => ({ [does]: access, topic }));
    for (const set of [loadRuleSet({ rules: configured }), loadRuleSet({ aclFiles: [file] })]) {
      for (const access of ['read', 'write'] as const) {
        for (const topic of ['bench/0', 'bench/x', ...manyTopics(2)]) assert.ok(set.allows(client, access, topic));
        assert.ok(!set.allows(client, access, DENIED_TOPIC));
        assert.ok(!set.allows(client, access, 'elsewhere'));
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
