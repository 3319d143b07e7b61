import { test } from 'node:test';
import type { AuthenticationRequest, AuthenticationResult } from '@cauldron/broker';
import type { Page } from 'playwright-core';
import { useDashboard } from './open-dashboard.ts';

/** Everybody's password is `soup`. */
const authenticate = ({ username, password }: AuthenticationRequest): AuthenticationResult =>
  username !== undefined && new TextDecoder().decode(password) === 'soup'
    ? { outcome: 'accept', username }
    : { outcome: 'refuse', reasonCode: 0x86, reasonString: 'user name or password is wrong' };

const setup = useDashboard(
  { authorization: { default: 'allow', roles: [{ name: 'admin', users: ['ann'] }] } },
  { authenticator: { authenticate } },
);

async function logIn(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel('User name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

test('a user logs in and out, comes to the page the address names, and reads why a login is refused', async (t) => {
  const { page, close } = await setup().open('#/clients');
  t.after(close);
  await logIn(page, 'ann', 'wrong');
  await page.getByRole('alert').getByText(/wrong/).waitFor();
  await logIn(page, 'cid', 'soup');
  await page
    .getByRole('alert')
    .getByText(/dashboard\.adminRole|role/)
    .waitFor();
  await logIn(page, 'ann', 'soup');
  await page.getByRole('heading', { name: 'Clients' }).waitFor();
  await page.locator('.shell-foot').getByText('ann').waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Clients' }).waitFor();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByLabel('User name').waitFor();
});

test('who is logged out by the program sees the login at once, and can log in again', async (t) => {
  const { page, close } = await setup().open();
  t.after(close);
  await logIn(page, 'ann', 'soup');
  await page.getByText('live', { exact: true }).waitFor();
  setup().broker.disconnectUser('ann');
  await logIn(page, 'ann', 'soup');
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
});

test('on a phone, too, one sees who is logged in and whether what is shown is live, and logs out', async (t) => {
  const { page, close } = await setup().open('', 'phone');
  t.after(close);
  await logIn(page, 'ann', 'soup');
  const top = page.getByRole('banner');
  await top.getByText('live', { exact: true }).waitFor();
  await top.getByText('ann').waitFor();
  await top.getByRole('button', { name: 'Log out' }).click();
  await page.getByLabel('User name').waitFor();
});

test('the login is legible in every look', async () => {
  await setup().pictures('login', '', (page) => page.getByLabel('User name').waitFor());
});
