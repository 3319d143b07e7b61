import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthenticationRequest, AuthenticationResult } from '@cauldron/broker';
import { useDashboard } from './open-dashboard.ts';

/** Whoever says who it is, is it. */
const authenticate = ({ username }: AuthenticationRequest): AuthenticationResult =>
  username === undefined ? { outcome: 'accept', anonymous: true } : { outcome: 'accept', username };

const setup = useDashboard(
  {
    authorization: {
      default: 'allow',
      roles: [
        { name: 'admin', users: ['ann'] },
        { name: 'viewer', users: ['vic'] },
      ],
    },
  },
  { authenticator: { authenticate } },
);

test('who may only look sees everything, and what cannot be done says why', async (t) => {
  setup().broker.publish('house/light', 'on', { retain: true });
  setup().broker.publish('house/light/color', 'red', { retain: true });
  const { page, clean, close } = await setup().open(`#/topics?topic=${encodeURIComponent('house/light')}`);
  t.after(close);
  await page.getByLabel('User name').fill('vic');
  await page.getByLabel('Password').fill('vic');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { name: 'house/light' }).waitFor();
  await page.locator('.topics-text', { hasText: 'on' }).waitFor();
  await page.getByRole('treeitem', { name: /^color/ }).waitFor();
  const detail = page.locator('.topics-detail');
  await detail.getByRole('button', { name: 'Delete all below' }).waitFor();
  const buttons = [
    page.locator('.topics-head').getByRole('button', { name: 'Publish', exact: true }),
    ...['Publish', 'Edit', 'Delete', 'Delete all below'].map((name) =>
      detail.getByRole('button', { name, exact: true }),
    ),
  ];
  for (const button of buttons) {
    assert.ok(await button.isDisabled());
    assert.match((await button.getAttribute('title')) ?? '', /your role is read only/);
  }
  await page.getByRole('searchbox').fill('red');
  await page.getByText('1 topic found').waitFor();
  clean();
});
