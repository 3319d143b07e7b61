export type { PostgresqlOptions } from './options.ts';
export { PostgresqlProvider, type PostgresqlSurroundings } from './postgresql-provider.ts';
export {
  createPasswordVerifier,
  type PasswordVerifier,
  type PasswordVerifierParts,
  type StoredPasswordCheck,
} from './stored-password.ts';
