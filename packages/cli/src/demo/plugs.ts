import { type Client, createClient, type Message } from '@cauldron/client';
import type { Device } from './device.ts';

/**
 * Whoever stands at the sockets: `demo/DEVICE/plug/set` takes the power from a device, or gives it back, and
 * `demo/DEVICE/plug` says how it stands. A client of its own, since a device without power cannot be told anything.
 */
export class Plugs {
  readonly #client: Client;
  readonly #devices: readonly Device[];
  readonly #onError: (error: Error) => void;
  #isClosing = false;

  /** @param url of the broker @param onError told of what went wrong */
  constructor(url: string, devices: readonly Device[], onError: (error: Error) => void) {
    this.#devices = devices;
    this.#onError = onError;
    this.#client = createClient(url, {
      clientId: 'demo-plug',
      sessionExpiry: 0,
      reconnect: { minDelay: 100, maxDelay: 1000 },
      onError: (error) => {
        if (!this.#isClosing) onError(error);
      },
    });
    void this.#client.closed.then((reason) => {
      if (reason !== undefined) onError(new Error(`nobody is at the plugs any more: ${reason.message}`));
    });
  }

  /** Plugs everything in; fulfilled when all of it is connected. */
  async open(): Promise<void> {
    // One after the other, in the order they came: a handler is called again when it is done.
    const handler = (message: Message<{ device: string }>) => this.#command(message);
    await this.#client.on('demo/+device/plug/set', handler, { qos: 1 });
    await Promise.all(this.#devices.map((device) => this.#set(device, true)));
  }

  /** A device is dead: its plug counts as pulled, so that plugging it in starts it anew. */
  died(device: string): void {
    this.#say(device, 'plug', 'off', true).catch(this.#onError);
  }

  async #command(message: Message<{ device: string }>): Promise<void> {
    if (message.retain) return; // about a demo that is over
    const { device: name } = message.params;
    const device = this.#devices.find((one) => one.name === name);
    const wanted = message.text();
    if (device !== undefined && (wanted === 'on' || wanted === 'off')) return this.#set(device, wanted === 'on');
    const names = this.#devices.map((one) => one.name).join(' and ');
    await this.#say(name, 'error', `plug: send on or off; the devices are ${names}`, false);
  }

  async #set(device: Device, isOn: boolean): Promise<void> {
    await (isOn ? device.plugIn() : device.pullPlug());
    await this.#say(device.name, 'plug', isOn ? 'on' : 'off', true);
  }

  async #say(device: string, name: string, payload: string, retain: boolean): Promise<void> {
    await this.#client.publish(`demo/${device}/${name}`, payload, { qos: 1, retain });
  }

  /** Fulfilled when nothing is connected any more. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#client.end({ timeout: 1000 });
    await Promise.all(this.#devices.map((device) => device.close()));
  }
}
