import { crc32, deflateSync } from 'node:zlib';
import { type Client, connect } from '@cauldron/client';

/** A house with a workshop, as a person would find it: topics with every kind of payload. */
export interface House {
  /** Publishes the next values of everything that changes. */
  tick(): Promise<void>;
  /** Goes on by itself, every so many milliseconds. */
  run(every: number): void;
  stop(): Promise<void>;
}

const ROOMS = ['kitchen', 'living-room', 'bedroom', 'bathroom', 'garage'] as const;
const MACHINES = ['lathe', 'press', 'printer'] as const;

/** Starts it, with what is retained published. @param url of the broker */
export async function startHouse(url: string): Promise<House> {
  const hub = await connect(url, { clientId: 'house-hub' });
  const plc = await connect(url, { clientId: 'workshop-plc' });
  const camera = await connect(url, { clientId: 'camera-door' });
  await retainThings(hub, plc, camera);
  let step = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  const tick = async (): Promise<void> => {
    step += 1;
    await Promise.all([
      ...ROOMS.flatMap((room, at) => [
        hub.publish(`house/${room}/temperature`, (20 + at + 2 * Math.sin((step + at) / 5)).toFixed(2), RETAINED),
        hub.publish(`house/${room}/humidity`, String(45 + ((step + 3 * at) % 9)), { qos: 1 }),
      ]),
      hub.publish('house/garage/door', step % 8 < 4 ? 'open' : 'closed', RETAINED),
      hub.publish('house/energy/meter', JSON.stringify(meterAt(step)), RETAINED),
      ...MACHINES.map((machine, at) =>
        plc.publish(`workshop/${machine}/state`, JSON.stringify(machineAt(step, at)), {
          qos: 1,
          properties: { contentType: 'application/json', userProperties: [['line', String(at + 1)]] },
        }),
      ),
    ]);
  };
  return {
    tick,
    run: (every) => {
      timer = setInterval(() => void tick(), every);
    },
    stop: async () => {
      clearInterval(timer);
      await Promise.all([hub, plc, camera].map((client) => client.end()));
    },
  };
}

const RETAINED = { qos: 1, retain: true } as const;

async function retainThings(hub: Client, plc: Client, camera: Client): Promise<void> {
  for (const room of ROOMS) {
    await hub.publish(`house/${room}/light`, room === 'kitchen' ? 'on' : 'off', RETAINED);
    await hub.publish(`house/${room}/window/open`, String(room === 'bedroom'), RETAINED);
  }
  await hub.publish('house/notice', 'The boiler is serviced on Friday.\nHot water is off from 9 to 11.', RETAINED);
  for (const machine of MACHINES) {
    await plc.publish(`workshop/${machine}/firmware`, firmware(4096), RETAINED);
    await plc.publish(`workshop/${machine}/status`, 'online', RETAINED);
  }
  await camera.publish('house/door/camera', picture(320, 240), {
    ...RETAINED,
    properties: { contentType: 'image/png' },
  });
}

const meterAt = (step: number): object => ({
  power: { l1: 230 + (step % 40), l2: 118.5, l3: 76.25 },
  energy: 18_234.5 + step / 10,
  tariff: step % 20 < 10 ? 'day' : 'night',
  solar: { power: 1200 + 10 * (step % 30), panels: [310, 305, 298, 287 + (step % 30)] },
  ...(step % 2 === 0 ? { alarm: null } : { note: 'calibrated' }),
});

const machineAt = (step: number, at: number): object => ({
  machine: MACHINES[at],
  running: step % 10 < 8,
  rpm: 1200 + 100 * at + (step % 25),
  temperature: 41.5 + at + (step % 7) / 10,
  job: { id: 1_763_751_234 + step, part: `P-${1000 + (step % 12)}`, done: step % 100 },
});

const firmware = (size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, at) =>
    at < 8 ? [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0][at]! : (at * at * 31) & 0xff,
  );

/** A PNG of a sunset over a wall. */
export function picture(width: number, height: number): Uint8Array {
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sun = Math.hypot(x - width * 0.65, y - height * 0.45) < height * 0.14;
      const wall = y > height * 0.72;
      const brick = (x + (Math.floor(y / 12) % 2) * 14) % 28 < 2 || y % 12 < 2;
      const color = wall ? (brick ? [90, 60, 55] : [150, 85, 70]) : sun ? [255, 214, 120] : [250 - y / 2, 140, 70 + y];
      rows.set(color.map(Math.round), y * (1 + width * 3) + 1 + x * 3);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(8 + body.length);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), 4 + body.length);
  return framed;
}
