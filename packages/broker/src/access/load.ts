import { readFileSync } from 'node:fs';
import { type AclFile, parseAclFile } from './acl-file.ts';
import { configuredRules } from './configured-rules.ts';
import type { AuthorizationOptions, OriginOf } from './options.ts';
import { AccessError, type AccessProblem } from './problem.ts';
import { RuleSet } from './rule-set.ts';

/**
 * Puts the rules of the configuration and of its ACL files together, all or nothing. Reads the files; called at the start and
 * again for every reload, with the result handed to `RuleAuthorizer.replace`.
 *
 * @param originOf where a value of the configuration was given: `LoadedConfig.originOf`
 * @throws {AccessError} with every problem of every file; what was in force before stays so
 */
export function loadRuleSet(options: AuthorizationOptions = {}, originOf: OriginOf = () => undefined): RuleSet {
  const configured = configuredRules(options, originOf);
  const files = (options.aclFiles ?? []).map((file, index) => readAclFile(file, index, originOf));
  const problems = [configured, ...files].flatMap((part) => part.problems);
  if (problems.length > 0) throw new AccessError(problems);
  return new RuleSet(
    options,
    [configured, ...files].flatMap(({ rules }) => rules),
  );
}

function readAclFile(file: string, index: number, originOf: OriginOf): AclFile {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const message = `cannot read the ACL file: ${(cause as Error).message}; correct its name or its permissions`;
    const origin = originOf(['authorization', 'aclFiles', index]) ?? originOf(['authorization', 'aclFiles']) ?? {};
    return unusable({ path: `authorization.aclFiles[${index}]`, message, ...origin });
  }
  try {
    return parseAclFile(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), file);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    const message = 'the line is not UTF-8, so no topic can be what it says; save the file as UTF-8';
    return unusable({ path: '', message, file, line: lineOfBadText(bytes) });
  }
}

const unusable = (problem: AccessProblem): AclFile => ({ rules: [], problems: [problem] });

/** The first line that is not UTF-8, from 1. */
function lineOfBadText(bytes: Buffer): number {
  const replaced = bytes.toString('utf8').split('\n');
  const original = bytes.toString('latin1').split('\n');
  const bad = replaced.findIndex((line, at) => !Buffer.from(line, 'utf8').equals(Buffer.from(original[at]!, 'latin1')));
  return bad + 1;
}
