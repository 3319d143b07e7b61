import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';
import { type ExitStatus, type StartedProcess, startProcess } from './process.ts';
import { findTool } from './tools.ts';

/** A pair of command-line clients with the flags of mosquitto's. */
export interface ClientTools {
  readonly name: string;
  readonly pub: readonly [command: string, ...args: string[]];
  readonly sub: readonly [command: string, ...args: string[]];
}

/** The `cauldron` command of this clone, to be started with `process.execPath`. */
export const CAULDRON = join(repositoryRoot, 'packages', 'cli', 'bin', 'cauldron.js');

export const mosquitto: ClientTools = {
  name: 'mosquitto',
  pub: [findTool('mosquitto_pub')],
  sub: [findTool('mosquitto_sub')],
};

export const cauldron: ClientTools = {
  name: 'cauldron',
  pub: [process.execPath, CAULDRON, 'pub'],
  sub: [process.execPath, CAULDRON, 'sub'],
};

/** Protocol versions as both tools' `-V` names them. */
export const VERSIONS = ['mqttv31', 'mqttv311', 'mqttv5'] as const;

/** One test's tools, aimed at one broker and one protocol version. */
export class CommandLine {
  readonly #t: TestContext;
  readonly #tools: ClientTools;
  readonly #target: readonly string[];

  constructor(t: TestContext, tools: ClientTools, port: number, version: (typeof VERSIONS)[number] = 'mqttv311') {
    this.#t = t;
    this.#tools = tools;
    this.#target = ['-h', '127.0.0.1', '-p', String(port), '-V', version];
  }

  /** Starts a subscriber. */
  sub(...args: string[]): StartedProcess {
    const [command, ...first] = this.#tools.sub;
    return startProcess(this.#t, command, [...first, ...this.#target, ...args]);
  }

  /** Runs a publisher; how it ended, with what it printed. */
  async tryPub(
    args: readonly string[],
    input?: string,
  ): Promise<ExitStatus & Pick<StartedProcess, 'stdout' | 'stderr'>> {
    const [command, ...first] = this.#tools.pub;
    const options = input === undefined ? {} : { input };
    const started = startProcess(this.#t, command, [...first, ...this.#target, ...args], options);
    const status = await started.waitForExit();
    return { ...status, stdout: started.stdout, stderr: started.stderr };
  }

  /** Publishes; fails where the publisher does. */
  async pub(...args: string[]): Promise<void> {
    const result = await this.tryPub(args);
    if (result.code !== 0) throw new Error(`${this.#tools.name} pub ${args.join(' ')}: ${JSON.stringify(result)}`);
  }
}

/** What a process printed until it ended with 0, by lines. */
export async function linesOf(started: StartedProcess): Promise<string[]> {
  const { code } = await started.waitForExit();
  if (code !== 0) throw new Error(`exit code ${code}: ${started.stderr}`);
  return started.stdout.split('\n').slice(0, -1);
}
