import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import type { AttackStats, AttackTarget } from '@cauldron/testkit/attacks';

/** What the attacker's process is told. */
export type AttackOrder =
  | { readonly do: 'attack'; readonly name: string; readonly target: AttackTarget }
  /** Use this share of a core, and attack nobody. */
  | { readonly do: 'burn'; readonly share: number }
  | { readonly do: 'stop' };

/** What it says when it is there, and when it has stopped. */
export interface AttackReport {
  readonly stats: AttackStats | null;
}

/** How long it may take to let go of its connections. */
const STOP_LIMIT_MS = 10_000;

/** The attacker's process, as the generator sees it. */
export class AttackProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #target: AttackTarget;

  private constructor(child: ChildProcess, target: AttackTarget) {
    this.#child = child;
    this.pid = child.pid!;
    this.#target = target;
  }

  /** Starts it, to attack what listens at `place`, and waits until it is ready. */
  static async open({ host, port }: { host: string; port: number }): Promise<AttackProcess> {
    const script = fileURLToPath(new URL('./attacker.ts', import.meta.url));
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    // A variable of its own: where it comes from is for the socket, and no business of the attacks.
    const target = { host, port, localAddress: attackerAddress(os.networkInterfaces()) };
    const attacker = new AttackProcess(child, target);
    await attacker.#reported(STOP_LIMIT_MS);
    return attacker;
  }

  attack(name: string): void {
    this.#say({ do: 'attack', name, target: this.#target });
  }

  burn(share: number): void {
    this.#say({ do: 'burn', share });
  }

  /** Fulfilled when it has let go of everything, with what came of it. */
  async stop(): Promise<AttackStats | null> {
    const reported = this.#reported(STOP_LIMIT_MS);
    this.#say({ do: 'stop' });
    return reported;
  }

  close(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  #say(order: AttackOrder): void {
    this.#child.send(order);
  }

  async #reported(limitMs: number): Promise<AttackStats | null> {
    const watch = new AbortController();
    const options = { signal: AbortSignal.any([watch.signal, AbortSignal.timeout(limitMs)]) };
    try {
      const gone = once(this.#child, 'exit', options).then(() => {
        throw new Error("the attacker's process has ended");
      });
      const [report] = await Promise.race([once(this.#child, 'message', options), gone]);
      return (report as AttackReport).stats;
    } finally {
      watch.abort();
    }
  }
}

/**
 * Where an attacker comes from: an address of this machine that is not the loopback one, where there is any. What a broker
 * does about addresses it does not do about 127.0.0.1, which everybody on a machine shares.
 */
export function attackerAddress(interfaces: NodeJS.Dict<os.NetworkInterfaceInfo[]>): string {
  const found = Object.values(interfaces)
    .flatMap((list) => list ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  return found?.address ?? '127.0.0.2';
}
