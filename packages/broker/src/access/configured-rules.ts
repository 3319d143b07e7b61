import type { AuthorizationOptions, OriginOf, RuleOptions } from './options.ts';
import type { AccessProblem } from './problem.ts';
import type { Rule } from './rule.ts';
import { namePattern, type Subject } from './subject.ts';
import { templateLevels, templateProblem } from './topic-template.ts';

type Path = readonly (string | number)[];

/** The rules of the configuration, and what is wrong with them. With problems, none of them may be used. */
export interface ConfiguredRules {
  readonly rules: readonly Rule[];
  readonly problems: readonly AccessProblem[];
}

/**
 * Reads `authorization.rules`.
 *
 * @param originOf where a value was given, for explanations and problems
 */
export function configuredRules(options: AuthorizationOptions, originOf: OriginOf = () => undefined): ConfiguredRules {
  const read = (options.rules ?? []).map((rule, index) => new RuleReader(rule, index, originOf));
  return { rules: read.flatMap(({ rules }) => rules), problems: read.flatMap(({ problems }) => problems) };
}

class RuleReader {
  readonly rules: Rule[] = [];
  readonly problems: AccessProblem[] = [];
  readonly #path: Path;
  readonly #originOf: OriginOf;

  constructor(options: RuleOptions, index: number, originOf: OriginOf) {
    this.#path = ['authorization', 'rules', index];
    this.#originOf = originOf;
    const subject = this.#subject(options);
    const rights = this.#rights(options);
    for (const [topic, path] of this.#topics(options)) {
      const problem = templateProblem(topic);
      if (problem !== undefined) this.#problem(path, `'${topic}': ${problem}`);
      else if (rights !== undefined) this.#add(topic, path, subject, rights);
    }
  }

  #add(topic: string, path: Path, subject: Subject, rights: Pick<Rule, 'permission' | 'access'>): void {
    const levels = templateLevels(topic, true);
    const { file, line } = this.#origin(path);
    const source = {
      name: written(this.#path),
      ...(file !== undefined && { file }),
      ...(line !== undefined && { line }),
    };
    this.rules.push({ ...rights, topic, levels, subject, tier: 0, source });
  }

  #rights({ allow, deny }: RuleOptions): Pick<Rule, 'permission' | 'access'> | undefined {
    if (allow !== undefined && deny === undefined) return { permission: 'allow', access: allow };
    if (deny !== undefined && allow === undefined) return { permission: 'deny', access: deny };
    const either = 'write either allow = "read", "write" or "readwrite", or deny with one of them';
    this.#problem(
      [],
      deny === undefined
        ? `the rule neither allows nor denies; ${either}`
        : `the rule both allows and denies, so it says nothing; ${either}`,
    );
    return undefined;
  }

  #topics({ topic, topics }: RuleOptions): [topic: string, path: Path][] {
    const all: [string, Path][] = (topics ?? []).map((one, index) => [one, ['topics', index]]);
    if (topic !== undefined) all.unshift([topic, ['topic']]);
    if (all.length === 0) this.#problem([], 'the rule names no topic; write topic = "home/#", or topics = [...]');
    return all;
  }

  #subject(options: RuleOptions): Subject {
    const users = this.#names(options, 'user', 'users')?.map(namePattern);
    const clients = this.#names(options, 'client', 'clients')?.map(namePattern);
    const roles = this.#exactNames(options, 'role', 'roles');
    const groups = this.#exactNames(options, 'group', 'groups');
    if (options.anonymous && users !== undefined) {
      this.#problem(
        ['anonymous'],
        'an anonymous client has no user name, so the rule is for nobody; leave anonymous or the users out',
      );
    }
    return {
      ...(users !== undefined && { users }),
      ...(roles !== undefined && { roles }),
      ...(groups !== undefined && { groups }),
      ...(clients !== undefined && { clients }),
      ...(options.anonymous && { anonymous: true }),
    };
  }

  #names<One extends 'user' | 'role' | 'group' | 'client'>(
    options: RuleOptions,
    one: One,
    many: `${One}s`,
  ): readonly string[] | undefined {
    const list = options[many];
    if (list?.length === 0) {
      this.#problem(
        [many],
        `the list is empty, so the rule is for nobody; name somebody, or leave ${many} out for everybody`,
      );
    }
    const single = options[one];
    return single === undefined ? list : [single, ...(list ?? [])];
  }

  #exactNames(options: RuleOptions, one: 'role' | 'group', many: 'roles' | 'groups'): readonly string[] | undefined {
    const names = this.#names(options, one, many);
    const pattern = names?.find((name) => name.includes('*'));
    if (pattern !== undefined) {
      const key = options[one] === pattern ? one : many;
      this.#problem([key], `'${pattern}': ${many} are named exactly, without '*'; list those that are meant`);
    }
    return names;
  }

  #origin(path: Path): ReturnType<OriginOf> & object {
    return this.#originOf([...this.#path, ...path]) ?? this.#originOf(this.#path) ?? {};
  }

  #problem(path: Path, message: string): void {
    this.problems.push({ path: written([...this.#path, ...path]), message, ...this.#origin(path) });
  }
}

/** `authorization.rules[0].topic` */
const written = (path: Path): string =>
  path.map((step, at) => (typeof step === 'number' ? `[${step}]` : at === 0 ? step : `.${step}`)).join('');
