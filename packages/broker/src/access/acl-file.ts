/**
 * Mosquitto's ACL files, as mosquitto 2.0 reads them: words are separated by spaces only, a comment begins in the first
 * column, what comes before the first `user` line is for clients without a user name, and `pattern` lines are for everybody
 * wherever they stand. One thing is stricter: the file has to be UTF-8, as topics are.
 */
import type { AccessProblem } from './problem.ts';
import type { Rule } from './rule.ts';
import { EVERYBODY, exactName, type Subject } from './subject.ts';
import { filterProblem, templateLevels } from './topic-template.ts';

const ACCESS: Readonly<Record<string, Pick<Rule, 'permission' | 'access'>>> = {
  read: { permission: 'allow', access: 'read' },
  write: { permission: 'allow', access: 'write' },
  readwrite: { permission: 'allow', access: 'readwrite' },
  deny: { permission: 'deny', access: 'readwrite' },
};

/** What is read from one file: its rules, and what is wrong with it. With problems, none of its rules may be used. */
export interface AclFile {
  readonly rules: readonly Rule[];
  readonly problems: readonly AccessProblem[];
}

/**
 * Reads the text of an ACL file.
 *
 * @param file how it is named in problems and explanations
 */
export function parseAclFile(text: string, file: string): AclFile {
  const reader = new AclReader(file);
  for (const [index, line] of text.split('\n').entries()) reader.line(line, index + 1);
  return reader;
}

class AclReader implements AclFile {
  readonly rules: Rule[] = [];
  readonly problems: AccessProblem[] = [];
  readonly #file: string;
  #subject: Subject = { anonymous: true };

  constructor(file: string) {
    this.#file = file;
  }

  line(raw: string, line: number): void {
    if (raw.startsWith('#')) return;
    const text = raw.replace(/[ \t\n\v\f\r]+$/, '').replace(/^ +/, '');
    if (text === '') return;
    const [word, rest] = nextWord(text);
    if (word === 'user') this.#user(rest, line);
    else if (word === 'topic' || word === 'pattern') this.#rule(word, rest, text, line);
    else this.#problem(line, notALine(text, word));
  }

  #user(name: string, line: number): void {
    if (name === '') this.#problem(line, "'user' names nobody; write 'user NAME'");
    else this.#subject = { users: [exactName(trimmed(name))] };
  }

  #rule(kind: 'topic' | 'pattern', rest: string, text: string, line: number): void {
    if (rest === '') {
      this.#problem(line, `'${kind}' is followed by nothing; write '${kind} [read|write|readwrite|deny] TOPIC'`);
      return;
    }
    const [first, more] = nextWord(rest);
    const rights = more === '' ? ACCESS.readwrite : Object.hasOwn(ACCESS, first) ? ACCESS[first] : undefined;
    const topic = more === '' ? first : trimmed(more);
    const problem = rights === undefined ? notAnAccess(kind, first, rest) : filterProblem(topic);
    if (problem !== undefined) {
      this.#problem(line, problem);
      return;
    }
    this.rules.push({
      ...rights!,
      topic,
      levels: templateLevels(topic, kind === 'pattern'),
      subject: kind === 'pattern' ? EVERYBODY : this.#subject,
      tier: kind === 'pattern' ? 2 : 1,
      source: { name: text, file: this.#file, line },
    });
  }

  #problem(line: number, message: string): void {
    this.problems.push({ path: '', message, file: this.#file, line });
  }
}

/** The first word and what follows the space behind it. */
function nextWord(text: string): [word: string, rest: string] {
  const end = text.indexOf(' ');
  return end === -1 ? [text, ''] : [text.slice(0, end), text.slice(end + 1).replace(/^ +/, '')];
}

const trimmed = (text: string): string => text.replace(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, '');

function notALine(text: string, word: string): string {
  if (word.startsWith('#')) return "a comment has to begin in the first column; remove the spaces before '#'";
  if (/^\s*(user|topic|pattern)\s/.test(text)) return `'${word}' has a tab in it; separate words by spaces`;
  const known = "a line begins with 'user', 'topic', 'pattern' or '#'";
  return text.startsWith('\ufeff')
    ? `the file begins with a byte order mark; save it without. ${known}`
    : `'${word}' is none of the words known here; ${known}`;
}

const notAnAccess = (kind: string, access: string, rest: string): string =>
  `'${access}' is no access; write read, write, readwrite or deny before the topic, or '${kind} readwrite ${rest}' where '${rest}' is the topic`;
