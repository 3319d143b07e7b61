import { Device } from './device.ts';
import { Lamp } from './lamp.ts';
import { Plugs } from './plugs.ts';
import { type Random, seededRandom } from './random.ts';
import { Room } from './room.ts';
import { Thermometer } from './thermometer.ts';

/** Milliseconds between two steps of the room. */
const STEP = 250;

export interface DemoOptions {
  /** Of the broker: `mqtt://127.0.0.1:1883`. */
  readonly url: string;
  /** Told what went wrong with a device, in words. */
  readonly report: (problem: string) => void;
  /** Milliseconds; default: a clock of this process that never goes back. */
  readonly now?: (() => number) | undefined;
  /** Default: another one each time. */
  readonly random?: Random | undefined;
}

/** The two devices of the demo, the room they are in, and the plugs they hang on. */
export class Demo {
  readonly #plugs: Plugs;
  readonly #stepping: NodeJS.Timeout;

  private constructor(plugs: Plugs, stepping: NodeJS.Timeout) {
    this.#plugs = plugs;
    this.#stepping = stepping;
  }

  /** Fulfilled when both devices are connected. */
  static async start({ url, report, ...rest }: DemoOptions): Promise<Demo> {
    const now = rest.now ?? (() => performance.now());
    const room = new Room(rest.random ?? seededRandom(Date.now()));
    const onError = (error: Error): void => report(`something went wrong in the demo: ${error.message}`);
    const onDeath = (device: string, why: Error): void => {
      report(`the ${device} of the demo lost its connection: ${why.message}. Its plug switch starts it again`);
      plugs.died(device);
    };
    const common = { url, now, onDeath, onError };
    const thermometer = new Device({ ...common, name: 'thermometer', program: (at) => new Thermometer(room, at) });
    const lamp = new Device({ ...common, name: 'lamp', program: () => new Lamp() });
    const plugs = new Plugs(url, [thermometer, lamp], onError);
    let last = now();
    const stepping = setInterval(() => {
      const at = now();
      room.advance((at - last) / 1000, thermometer.program?.target ?? null);
      last = at;
    }, STEP);
    const demo = new Demo(plugs, stepping);
    try {
      await plugs.open();
      return demo;
    } catch (error) {
      await demo.close();
      throw error;
    }
  }

  /** Says goodbye everywhere; fulfilled when nothing is connected any more. */
  async close(): Promise<void> {
    clearInterval(this.#stepping);
    await this.#plugs.close();
  }
}
