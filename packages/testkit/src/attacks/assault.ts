import type { ConnectPacket } from '@cauldron/protocol';
import { Random } from '../simulation/random.ts';
import { type Attack, type AttackPlan, type AttackStats, type AttackTarget, nothingYet } from './attack.ts';
import { AttackClient } from './attack-client.ts';
import { pace } from './pace.ts';

/** What the attacks are made of: connections, a pace, and random numbers from the seed. */
export class Assault implements Attack {
  readonly stats: AttackStats = nothingYet();
  readonly plan: AttackPlan;
  readonly random: Random;
  readonly #target: AttackTarget;
  readonly #clients = new Set<AttackClient>();
  readonly #ends: (() => void)[] = [];
  #stopping = false;

  constructor(target: AttackTarget, plan: AttackPlan) {
    this.#target = target;
    this.plan = plan;
    this.random = new Random(plan.seed);
  }

  /** A connection that has sent nothing. */
  open(): AttackClient {
    const client = new AttackClient(this.#target, this.plan.version, this.stats);
    this.#clients.add(client);
    client.socket.on('close', () => this.#clients.delete(client));
    return client;
  }

  /** A connection that sends a CONNECT at once. */
  login(fields: Partial<ConnectPacket> = {}): AttackClient {
    const client = this.open();
    client.login({ ...this.plan.connect, ...fields });
    return client;
  }

  /** Connections open, or being made. */
  get size(): number {
    return this.#clients.size;
  }

  /**
   * Begins: calls `act` at the attack's pace, until it was called `total` times.
   *
   * @param act returns false where nothing could be done, which does not count
   */
  run(act: () => boolean): this {
    this.#ends.push(
      pace(this.plan.rate, () => {
        if (this.#stopping || this.stats.actions >= this.plan.total) return false;
        const done = act();
        if (done) this.stats.actions += 1;
        return done;
      }),
    );
    return this;
  }

  /**
   * Begins with `clients` logged-in connections that take turns; one that ended is made again in its turn.
   *
   * @param act what one of them does; returns false where it could not
   * @param connect what its CONNECT says besides, by the number of the connection
   */
  crew(
    act: (client: AttackClient, number: number) => boolean | undefined,
    connect: (number: number) => Partial<ConnectPacket> = () => ({}),
  ): this {
    const crew: AttackClient[] = [];
    const { clients, name } = this.plan;
    let turn = 0;
    const begin = (number: number) => this.login({ clientId: `${name}-${number}`, ...connect(number) });
    for (let number = 0; number < clients; number += 1) crew.push(begin(number));
    return this.run(() => {
      for (let tried = 0; tried < clients; tried += 1) {
        const number = turn % clients;
        turn += 1;
        if (crew[number]!.over) crew[number] = begin(number);
        const client = crew[number]!;
        if (client.loggedIn && client.writable && act(client, number) !== false) return true;
      }
      return false;
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const end of this.#ends) end();
    await Promise.all([...this.#clients].map((client) => client.destroy()));
  }
}
