import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAclFile } from './acl-file.ts';
import { describeRule } from './rule.ts';

const read = (text: string): string[] => parseAclFile(text, 'acl').rules.map(describeRule);
const problemsOf = (text: string): string[] =>
  parseAclFile(text, 'acl').problems.map(({ file, line, message }) => `${file}:${line}: ${message}`);

test('lines before the first user are for anonymous clients, later ones for the user, patterns for everybody', () => {
  const text = 'topic read news/#\nuser alice\ntopic write a b\npattern deny home/%u\n# a comment\n\ntopic deny x\n';
  assert.deepEqual(read(text), [
    "allow read on 'news/#' for anonymous clients",
    "allow write on 'a b' for user alice",
    "deny readwrite on 'home/%u' for everybody",
    "deny readwrite on 'x' for user alice",
  ]);
});

test('each rule knows its line, and patterns are asked after everything else', () => {
  const { rules } = parseAclFile('# one\ntopic a\n\n  pattern   read  b  \n', 'acl');
  assert.deepEqual(
    rules.map(({ tier, source }) => ({ tier, ...source })),
    [
      { tier: 1, name: 'topic a', file: 'acl', line: 2 },
      { tier: 2, name: 'pattern   read  b', file: 'acl', line: 4 },
    ],
  );
});

test('only patterns have placeholders', () => {
  const { rules } = parseAclFile('topic %u/a\npattern %u/a', 'acl');
  assert.deepEqual(
    rules.map(({ levels }) => levels),
    [
      ['%u', 'a'],
      [[0], 'a'],
    ],
  );
});

test("a user called '*' in an ACL file is a user of that name, and nobody else", () => {
  assert.deepEqual(parseAclFile('user *\ntopic a', 'acl').rules[0]!.subject, { users: [{ text: '*', exact: true }] });
});

test('every line that makes no sense is told with its place and what to write', () => {
  const found = problemsOf('allow a\n # x\nuser\ntopic\ntopic reed a\ntopic\tread a\npattern read a/#/b\n');
  const expected = [
    /^acl:1: 'allow' is none of the words known here; a line begins with 'user', 'topic', 'pattern' or '#'$/,
    /^acl:2: a comment has to begin in the first column/,
    /^acl:3: 'user' names nobody; write 'user NAME'$/,
    /^acl:4: 'topic' is followed by nothing; write 'topic \[read\|write\|readwrite\|deny\] TOPIC'$/,
    /^acl:5: 'reed' is no access; write read, write, readwrite or deny .* 'topic readwrite reed a'/,
    /^acl:6: .* has a tab in it; separate words by spaces$/,
    /^acl:7: '#' must be the last level of the topic filter; write a topic filter such as/,
  ];
  assert.equal(found.length, expected.length);
  for (const [at, pattern] of expected.entries()) assert.match(found[at]!, pattern);
});

test('a topic of more than a thousand levels is refused, since nothing needs it', () => {
  assert.match(problemsOf(`topic ${'a/'.repeat(1000)}a`)[0]!, /1001 levels; at most 1000/);
  assert.deepEqual(problemsOf(`topic ${'a/'.repeat(999)}a`), []);
});
