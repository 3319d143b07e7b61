/** Password files: reading, checking, changing them. What `cauldron passwd` and the broker use. */
export { checkArgon2Cost, hashArgon2id, MAX_ARGON2_COST } from './argon2id.ts';
export { changePasswordFile, type FileContent, modeWarning, readPasswordFile } from './file-access.ts';
export { parseHash } from './formats.ts';
export { type Argon2Cost, DEFAULT_ARGON2_COST, type HashFunctions, nodeHashFunctions } from './hash-functions.ts';
export { HashingGate, type HashingGateOptions } from './hashing-gate.ts';
export {
  PasswordFile,
  PasswordFileError,
  type PlainLine,
  readPlainLines,
  type StoredUser,
  usernameProblem,
} from './password-file.ts';
export { type PasswordFileOptions, PasswordFileProvider } from './password-file-provider.ts';
export { MAX_ITERATIONS, MAX_PASSWORD_LENGTH, type PasswordHash } from './password-hash.ts';
export { SCRAM_METHOD } from './scram-login.ts';
export {
  createScramVerifier,
  DEFAULT_SCRAM_ITERATIONS,
  LEAST_SCRAM_ITERATIONS,
  ScramVerifier,
} from './scram-verifier.ts';
