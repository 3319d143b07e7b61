import { type Client, createClient, type Message } from '@cauldron/client';
import type { DeviceProgram, Publication } from './device-program.ts';

/** Seconds: a line that only went silent is noticed after one and a half of them. */
const KEEP_ALIVE = 5;
/** Milliseconds. It is on the same machine, and somebody watches. */
const RECONNECT = { minDelay: 100, maxDelay: 1000 };
/** Milliseconds between two looks of a program at its clock. */
const TICK = 100;
/** MQTT 5.0 section 3.14.2.1: goodbye, and publish my will. */
const DISCONNECT_WITH_WILL = 0x04;

export interface DeviceOptions<P extends DeviceProgram> {
  /** Of the broker. */
  readonly url: string;
  /** `lamp`: its topics are below `demo/lamp`, and its client identifier is `demo-lamp`. */
  readonly name: string;
  /** Called whenever it gets power. */
  readonly program: (now: number) => P;
  /** Milliseconds. */
  readonly now: () => number;
  /** Its connection ended for good, though nobody pulled its plug. */
  readonly onDeath: (name: string, why: Error) => void;
  /** Something else went wrong. */
  readonly onError: (error: Error) => void;
}

/** A simulated device as a real MQTT client: birth, will, commands and states around a {@link DeviceProgram}. */
export class Device<P extends DeviceProgram = DeviceProgram> {
  readonly name: string;
  readonly #options: DeviceOptions<P>;
  #running: { readonly client: Client; readonly program: P; readonly ticking: NodeJS.Timeout } | null = null;

  constructor(options: DeviceOptions<P>) {
    this.name = options.name;
    this.#options = options;
  }

  /** What runs on it; null = it has no power. */
  get program(): P | null {
    return this.#running?.program ?? null;
  }

  /** Gives it power: it starts with nothing but its program. Fulfilled when it is connected. */
  async plugIn(): Promise<void> {
    if (this.#running !== null) return;
    const { url, name, program: makeProgram, now } = this.#options;
    const program = makeProgram(now());
    const client = createClient(url, {
      clientId: `demo-${name}`,
      keepAlive: KEEP_ALIVE,
      sessionExpiry: 0,
      reconnect: RECONNECT,
      will: { topic: this.#topic('status'), payload: 'offline', qos: 1, retain: true },
    });
    const ticking = setInterval(() => this.#publish(client, program.tick(now())), TICK);
    this.#running = { client, program, ticking };
    client.onState(({ status }) => {
      if (status === 'connected') this.#born(client, program);
    });
    void client.closed.then((reason) => this.#ended(client, reason));
    const filters = program.commands.map((command) => `demo/${name}/${command}/set`);
    const subscription = client.on(filters, (message) => this.#command(client, program, message), { qos: 1 });
    await Promise.all([client.ready(), subscription]);
  }

  /** Takes the power away in the middle of everything: no goodbye, so the broker publishes the will. */
  async pullPlug(): Promise<void> {
    await this.#stop({ abrupt: true });
  }

  /** Ends it for good: what is retained says that it is gone. */
  async close(): Promise<void> {
    await this.#stop({ timeout: 1000, reasonCode: DISCONNECT_WITH_WILL });
  }

  async #stop(how: Parameters<Client['end']>[0]): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    this.#running = null;
    clearInterval(running.ticking);
    await running.client.end(how);
  }

  /** With every connection, since a broker that was restarted may have forgotten all. */
  #born(client: Client, program: DeviceProgram): void {
    const birth = client.publish(this.#topic('status'), 'online', { qos: 1, retain: true });
    // By the time it is acknowledged, commands that the broker had kept are here: the states hold them already.
    birth.then(() => this.#publish(client, program.states())).catch((error: Error) => this.#failed(error));
  }

  #command(client: Client, program: DeviceProgram, message: Message): void {
    const name = message.topic.split('/')[2]!;
    const command = { name, payload: message.text(), retained: message.retain };
    this.#publish(client, program.command(command, this.#options.now()));
  }

  #publish(client: Client, publications: readonly Publication[]): void {
    if (!client.connected) return; // measurements of then would be no news when it is back, and states are told anew
    for (const { name, payload, retain } of publications) {
      client
        .publish(this.#topic(name), payload, { qos: retain ? 1 : 0, retain })
        .catch((error: Error) => this.#failed(error));
    }
  }

  #ended(client: Client, reason: Error | undefined): void {
    if (this.#running?.client !== client || reason === undefined) return;
    clearInterval(this.#running.ticking);
    this.#running = null;
    this.#options.onDeath(this.name, reason);
  }

  #failed(error: Error & { code?: string }): void {
    // What was under way when the power went is gone, as on any device.
    if (error.code !== 'CONNECTION_CLOSED') this.#options.onError(error);
  }

  #topic(name: string): string {
    return `demo/${this.name}/${name}`;
  }
}
