// Runs the code blocks of a documentation page as somebody would who follows it.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { CAULDRON } from './command-line.ts';
import { freePort } from './free-port.ts';
import type { CodeBlock, Section } from './markdown.ts';
import { type StartedProcess, startProcess } from './process.ts';
import { tempDir } from './temp-dir.ts';

/** Ports that pages name, each of which becomes a free one. */
const PORTS = ['1883', '8883', '8080'] as const;

/** What is typed where a password is asked for. */
const TYPED = 'soup';

/** `npx cauldron` of this clone; `passwd` gets a password typed, which is not asked for twice where nobody sits. */
const NPX = `#!/bin/sh
shift
if [ "$1" = passwd ]; then
  echo ${TYPED} | '${process.execPath}' '${CAULDRON}' "$@"
else
  exec '${process.execPath}' '${CAULDRON}' "$@"
fi
`;

/** The blocks of a section that are run or written, in their order. */
export const runnable = ({ blocks }: Section): readonly CodeBlock[] =>
  blocks.filter(({ language, tags }) => language === 'sh' || tags.length > 0);

/**
 * Follows a section in a folder of its own:
 *
 * - a block with a file name (`toml cauldron.toml`) is written to that file;
 * - `sh` is run and has to end with 0, `sh fails` with another code, `sh broker` and `sh service` go on running behind;
 * - the `text` block behind one of the first two is what it prints, where `...` stands for anything within a line.
 *
 * Ports become free ones, and what would listen everywhere listens on this machine only.
 */
export async function followSection(t: TestContext, section: Section): Promise<void> {
  const here = await Place.make(t);
  for (const [index, block] of section.blocks.entries()) {
    const [tag] = block.tags;
    if (block.language !== 'sh') {
      if (tag !== undefined) here.write(tag, block);
      continue;
    }
    if (tag === 'broker' || tag === 'service') {
      await here.start(block, tag === 'broker' ? /Cauldron listens/ : /ready/);
      continue;
    }
    const next = section.blocks[index + 1];
    const expected = next?.language === 'text' && next.tags.length === 0 ? next : undefined;
    await here.run(block, tag === 'fails', expected);
  }
}

class Place {
  readonly #t: TestContext;
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #ports: ReadonlyMap<string, string>;
  readonly #running: StartedProcess[] = [];

  static async make(t: TestContext): Promise<Place> {
    const ports = new Map<string, string>();
    for (const port of PORTS) ports.set(port, String(await freePort()));
    return new Place(t, ports);
  }

  private constructor(t: TestContext, ports: ReadonlyMap<string, string>) {
    const programs = tempDir(t);
    writeFileSync(join(programs, 'npx'), NPX);
    chmodSync(join(programs, 'npx'), 0o755);
    this.#t = t;
    this.#folder = tempDir(t);
    this.#env = { PATH: `${programs}${delimiter}${process.env.PATH}` };
    this.#ports = ports;
  }

  write(name: string, { text }: CodeBlock): void {
    writeFileSync(join(this.#folder, name), `${this.#here(text)}\n`);
  }

  async start(block: CodeBlock, sign: RegExp): Promise<void> {
    const started = startProcess(this.#t, 'bash', ['-c', `exec ${this.#here(block.text)}`], this.#options());
    this.#running.push(started);
    await started.waitForLine(sign);
  }

  async run(block: CodeBlock, fails: boolean, expected: CodeBlock | undefined): Promise<void> {
    const script = `set -e\nexec 2>&1\n${this.#here(block.text)}`;
    const command = startProcess(this.#t, 'bash', ['-c', script], { ...this.#options(), input: '' });
    const { code } = await command.waitForExit(30_000);
    const behind = this.#running.map(({ stdout, stderr }) => `\nbehind it:\n${stdout}${stderr}`).join('');
    const said = `line ${block.line}: ended with ${code}, having said\n${command.stdout}${behind}`;
    assert.equal(code !== 0, fails, said);
    if (expected !== undefined) {
      assert.ok(shows(command.stdout, this.#here(expected.text)), `${said}\nexpected\n${expected.text}`);
    }
  }

  #options() {
    return { cwd: this.#folder, env: this.#env };
  }

  #here(text: string): string {
    let here = text.replaceAll('0.0.0.0', '127.0.0.1');
    for (const [port, free] of this.#ports) here = here.replaceAll(new RegExp(`\\b${port}\\b`, 'g'), free);
    return here;
  }
}

/** `...` in the expectation stands for anything within a line. */
function shows(actual: string, expected: string): boolean {
  const pattern = expected.split('...').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${pattern.join('.*')}$`).test(actual.trimEnd());
}

/** Links of a page that lead nowhere: no such file in `folder`, or no such heading in it. */
export function missingLinks(page: string, folder: string): string[] {
  const links = [...page.matchAll(/\]\((?!https?:)([^)\s]+)/g)].map(([, link]) => link!);
  return links.filter((link) => {
    const [path = '', anchor] = link.split('#');
    if (path !== '' && !existsSync(join(folder, path))) return true;
    if (anchor === undefined) return false;
    return !anchorsOf(path === '' ? page : readFileSync(join(folder, path), 'utf8')).has(anchor);
  });
}

/** What the headings of a page are linked by: in lower case, words joined by "-", without other signs. */
function anchorsOf(page: string): Set<string> {
  const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!.toLowerCase());
  return new Set(headings.map((heading) => heading.replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')));
}
