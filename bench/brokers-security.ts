/** Brokers with rules, with users, and with users and somebody who means harm. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { accessRules, asAclFile, asConfiguration, RULE_COUNT } from './access-rules.ts';
import { asRoot, type CauldronBin, mosquittoWith } from './installed.ts';
import { type BrokerKind, commandBroker } from './launch.ts';
import type { Setting } from './load-model.ts';
import { passwordFile } from './users.ts';

export type SecuredSetting = 'access' | 'logins' | 'attacks';

export const isSecured = (setting: Setting): setting is SecuredSetting =>
  setting === 'access' || setting === 'logins' || setting === 'attacks';

type Kinds = readonly BrokerKind[] | null;

/** Brokers by the name one chooses; null for what is not installed here or is not compared. */
export function securedBrokers(setting: SecuredSetting, cauldron: CauldronBin | null): Map<string, Kinds> {
  return new Map<string, Kinds>([
    ['cauldron', cauldron === null ? null : cauldrons[setting](cauldron)],
    ['mosquitto', known(mosquittos[setting]())],
    ['aedes', null],
  ]);
}

function known(kinds: readonly (BrokerKind | null)[]): Kinds {
  const found = kinds.filter((kind) => kind !== null);
  return found.length === 0 ? null : found;
}

/** `cauldron broker --memory` with a configuration; `configure` may write further files into the folder. */
function cauldronWith(
  { bin, version }: CauldronBin,
  name: string,
  how: string,
  configure: (folder: string) => string,
): BrokerKind {
  return commandBroker(name, `${name} ${version}, \`broker --memory\` with ${how}`, (port, folder) => {
    const file = path.join(folder, 'cauldron.toml');
    writeFileSync(file, configure(folder));
    const args = ['broker', '-c', file, '--host', '127.0.0.1', '-p', String(port), '--memory'];
    return { command: [process.execPath, bin, ...args] };
  });
}

/** Writes a file that only its owner may read, as brokers want it, and answers its path. */
function written(folder: string, name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

const aclFile = (folder: string): string => written(folder, 'acl', asAclFile(accessRules()));

const users = (folder: string): string => {
  const file = written(folder, 'passwords', passwordFile('argon2id'));
  // Lines are left as they are: what a login costs is measured, and not what a better line costs.
  const provider = `[[authentication.providers]]\ntype = "password-file"\nfile = "${file}"\nupgrade = false\n`;
  return `[authentication]\nallowAnonymous = true\n\n${provider}`;
};

/** What docs/security.md recommends where anybody can connect: far above what one device sends, far below a core. */
export const RECOMMENDED_LIMITS = `
[limits]
maxMessageRate = 5000
maxByteRate = "10 MiB"
maxConnectRatePerAddress = 100
`;

const anonymousUsers = 'a file of 10,200 users beside anonymous clients';

const cauldrons: Readonly<Record<SecuredSetting, (found: CauldronBin) => BrokerKind[]>> = {
  access: (found) => [
    cauldronWith(found, 'cauldron', `${RULE_COUNT} rules in its configuration`, () => asConfiguration(accessRules())),
    cauldronWith(
      found,
      'cauldron-acl-file',
      'the same rules in a mosquitto ACL file',
      (folder) => `[authorization]\naclFiles = ["${aclFile(folder)}"]\n`,
    ),
    cauldronWith(found, 'cauldron-no-rules', 'no rules', () => ''),
  ],
  logins: (found) => [cauldronWith(found, 'cauldron', anonymousUsers, users)],
  attacks: (found) => [
    cauldronWith(found, 'cauldron', `its default limits, ${anonymousUsers}`, users),
    cauldronWith(
      found,
      'cauldron-limited',
      'besides 5,000 messages and 10 MiB a second of one client, 100 connections a second from one address',
      (folder) => users(folder) + RECOMMENDED_LIMITS,
    ),
  ],
};

const mosquittos: Readonly<Record<SecuredSetting, () => (BrokerKind | null)[]>> = {
  access: () => [
    mosquittoWith('mosquitto', `the same ${RULE_COUNT} rules as acl_file`, (folder) => [
      ...asRoot(),
      'persistence false',
      `acl_file ${aclFile(folder)}`,
    ]),
    mosquittoWith('mosquitto-no-rules', 'no rules', () => ['persistence false']),
  ],
  logins: () => [mosquittoUsers()],
  attacks: () => [mosquittoUsers()],
};

const mosquittoUsers = (): BrokerKind | null =>
  mosquittoWith('mosquitto', `its default limits, ${anonymousUsers} (PBKDF2 for all)`, (folder) => [
    ...asRoot(),
    'persistence false',
    `password_file ${written(folder, 'passwords', passwordFile('pbkdf2'))}`,
  ]);
