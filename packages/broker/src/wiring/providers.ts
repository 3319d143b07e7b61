import type { ConfiguredProvider } from '../auth/authentication-options.ts';
import type { HashingGate } from '../auth/passwords/index.ts';
import type { Provider } from '../auth/provider.ts';
import { type Config, ConfigError, plain } from '../config/index.ts';

type ProviderConfig = Config['authentication']['providers'][number];

/** What providers share. */
export interface ProviderParts {
  /** Milliseconds since 1970, never going back. */
  readonly clock: () => number;
  /** Told what an operator should look at. */
  readonly warn: (message: string) => void;
}

/**
 * Opens the configured providers of users, in their order. Libraries are loaded only for those that are there.
 *
 * @throws {Error} where one cannot be used: a missing file, settings that contradict each other. None is left open then
 */
export async function openProviders(config: Config, parts: ProviderParts): Promise<ConfiguredProvider[]> {
  if (config.authentication.providers.length === 0) return [];
  const opened: ConfiguredProvider[] = [];
  const gate = new (await import('../auth/passwords/index.ts')).HashingGate();
  try {
    for (const [index, one] of config.authentication.providers.entries()) {
      const provider = await openProvider(one, config, parts, gate).catch((error: Error) => unusable(index, error));
      opened.push({ provider, cacheTime: one.cacheTime });
    }
  } catch (error) {
    await Promise.allSettled(opened.map(({ provider }) => provider.close?.()));
    throw error;
  }
  return opened;
}

/** Says which provider it is that cannot be used. */
function unusable(index: number, cause: Error): never {
  const problem = { path: `authentication.providers[${index}]`, message: cause.message };
  throw new ConfigError('CONFIG_INVALID', [problem], { cause });
}

/** The hashing gate is one for all: two hashes at once, whoever asks for them. */
async function openProvider(
  one: ProviderConfig,
  config: Config,
  { clock, warn }: ProviderParts,
  gate: HashingGate,
): Promise<Provider> {
  const { timeout } = config.authentication;
  switch (one.type) {
    case 'password-file': {
      const { PasswordFileProvider } = await import('../auth/passwords/index.ts');
      return PasswordFileProvider.open({ file: one.file, upgrade: one.upgrade, gate, warn });
    }
    case 'jwt': {
      const { JwtProvider } = await import('../auth/jwt/jwt-provider.ts');
      return new JwtProvider({ ...plain(one), timeout: one.timeout ?? timeout }, { clock });
    }
    case 'http': {
      const { HttpProvider } = await import('../auth/http/http-provider.ts');
      return new HttpProvider({ ...plain(one), timeout: one.timeout ?? timeout });
    }
    case 'ldap': {
      const { LdapProvider } = await import('../auth/ldap/index.ts');
      return new LdapProvider(plain(one), { warn });
    }
    case 'postgresql': {
      const { createPasswordVerifier, PostgresqlProvider } = await import('../auth/postgresql/index.ts');
      return new PostgresqlProvider(plain(one), { verify: createPasswordVerifier({ gate }), warn });
    }
  }
}
