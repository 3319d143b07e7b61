import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openerFor, startOpener } from './browser.ts';

const URL = 'http://127.0.0.1:8083/#/dashboards/demo';
const desktop = { DISPLAY: ':0' };

test('each system has its own way to open a link', () => {
  assert.deepEqual(openerFor(URL, 'linux', desktop, true), { command: 'xdg-open', args: [URL] });
  assert.deepEqual(openerFor(URL, 'linux', { WAYLAND_DISPLAY: 'wayland-0' }, true), {
    command: 'xdg-open',
    args: [URL],
  });
  assert.deepEqual(openerFor(URL, 'darwin', {}, true), { command: 'open', args: [URL] });
  assert.deepEqual(openerFor(URL, 'win32', {}, true), { command: 'cmd', args: ['/c', 'start', '""', URL] });
});

for (const [where, env, isTerminal] of [
  ['Linux without a display', {}, true],
  ['a pipe', desktop, false],
  ['CI', { ...desktop, CI: 'true' }, true],
  ['SSH', { ...desktop, SSH_CONNECTION: '192.0.2.1 50000 192.0.2.2 22' }, true],
  ['SSH without a connection to tell', { ...desktop, SSH_TTY: '/dev/pts/1' }, true],
] as const) {
  test(`nothing is opened in ${where}`, () => assert.equal(openerFor(URL, 'linux', env, isTerminal), null));
}

test('a program that is not there hurts nobody', async () => {
  startOpener({ command: '/nonexistent/opener', args: [URL] });
  await new Promise((resolve) => setTimeout(resolve, 50)); // an error that nobody takes would end this process
});
