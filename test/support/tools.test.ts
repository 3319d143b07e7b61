import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { findPython, findTool } from './tools.ts';

test('a tool that is not installed is an error that names the command to run', () => {
  assert.throws(() => findTool('no-such-tool'), /no-such-tool is not on PATH: run "node scripts\/ensure-tools\.ts"/);
});

test('the mosquitto clients are found and run', () => {
  const result = spawnSync(findTool('mosquitto_pub'), ['--help'], { encoding: 'utf8' });
  assert.match(result.stdout, /mosquitto_pub/);
});

test('the Python found can use paho', () => {
  const result = spawnSync(findPython(), ['-c', 'import paho.mqtt.client as c; print(c.MQTTv5)'], { encoding: 'utf8' });
  assert.equal(result.stdout.trim(), '5');
});

test('daemons that are not on every PATH are found', () => {
  assert.match(findTool('slapd'), /\/slapd$/);
  assert.match(findTool('initdb'), /\/initdb$/);
});
