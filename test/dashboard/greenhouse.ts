import { crc32, deflateSync } from 'node:zlib';
import type { DashboardDocumentInput } from '@cauldron/broker/admin-api';
import { type Client, connect } from '@cauldron/client';

const at = (x: number, y: number, w: number, h: number) => ({ x, y, w, h });
const of = (topic: string, path = '') => ({ topic: `greenhouse/${topic}`, path });

/** A dashboard with a widget of each kind, as a person would make it. */
export const greenhouseDashboard: DashboardDocumentInput = {
  name: 'Greenhouse',
  description: 'Climate, watering and the camera of the large greenhouse',
  widgets: [
    {
      ...at(0, 0, 3, 3),
      id: 'humidity',
      type: 'gauge',
      title: 'Humidity',
      source: of('climate', '$.humidity'),
      unit: '%',
      decimals: 0,
      thresholds: [
        { from: 0, color: 'warn' },
        { from: 40, color: 'good' },
        { from: 80, color: 'bad' },
      ],
    },
    {
      ...at(3, 0, 6, 3),
      id: 'climate',
      type: 'chart',
      title: 'Climate',
      window: 60,
      unit: '°C',
      series: [
        { source: of('climate', '$.air'), label: 'air' },
        { source: of('climate', '$.soil'), label: 'soil' },
        { source: of('outside'), label: 'outside' },
      ],
    },
    { ...at(9, 0, 3, 3), id: 'camera', type: 'image', title: 'Camera', source: of('camera'), fit: 'cover' },
    {
      ...at(0, 3, 2, 2),
      id: 'air',
      type: 'number',
      title: 'Air',
      source: of('climate', '$.air'),
      unit: '°C',
      thresholds: [{ from: 30, color: 'bad' }],
    },
    {
      ...at(2, 3, 2, 2),
      id: 'door',
      type: 'indicator',
      title: 'Door',
      source: of('door'),
      on: 'open',
      onLabel: 'open',
      offLabel: 'closed',
      onColor: 'warn',
      offColor: 'good',
    },
    {
      ...at(4, 3, 2, 2),
      id: 'pump',
      type: 'switch',
      title: 'Pump',
      command: { topic: 'greenhouse/pump/set', qos: 1 },
      onPayload: 'start',
      offPayload: 'stop',
      feedback: of('pump', '$.state'),
      on: 'running',
    },
    {
      ...at(6, 3, 3, 2),
      id: 'vent',
      type: 'slider',
      title: 'Vent',
      command: { topic: 'greenhouse/vent/set', qos: 1, retain: true },
      feedback: of('vent'),
      unit: '%',
      decimals: 0,
      step: 5,
    },
    {
      ...at(9, 3, 3, 2),
      id: 'water',
      type: 'button',
      title: 'Watering',
      command: { topic: 'greenhouse/water/set' },
      payload: '{"litres":5}',
      label: 'Water 5 litres',
    },
    {
      ...at(0, 5, 4, 2),
      id: 'note',
      type: 'text',
      title: 'Note',
      text: 'Vent above 28 °C, water at dusk.\nThe key hangs behind the boiler.',
    },
    { ...at(4, 5, 2, 2), id: 'alarm', type: 'text', title: 'Last alarm', source: of('alarm', '$.text') },
    { ...at(6, 5, 6, 2), id: 'log', type: 'log', title: 'All of it', filter: 'greenhouse/#', lines: 20 },
  ],
};

/** The devices of the greenhouse, as one client that does what it is told. */
export interface Greenhouse {
  readonly client: Client;
  /** Commands that came: topic and payload. */
  readonly commands: (readonly [topic: string, payload: string])[];
  /** What a command is answered with; replace it to have a device that does not answer. */
  answer: (topic: string, payload: string) => void;
  measure(values: { readonly humidity: number; readonly air: number; readonly soil: number }): Promise<unknown>;
  say(topic: string, payload: string | Uint8Array): Promise<unknown>;
}

/** Connects the devices; whoever starts them ends `client`. */
export async function startGreenhouse(url: string): Promise<Greenhouse> {
  const client = await connect(url, { clientId: 'greenhouse' });
  const say = (topic: string, payload: string | Uint8Array): Promise<unknown> =>
    client.publish(`greenhouse/${topic}`, payload, { qos: 1, retain: true });
  const greenhouse: Greenhouse = {
    client,
    commands: [],
    answer: (topic, payload) => {
      if (topic === 'greenhouse/pump/set') {
        void say('pump', JSON.stringify({ state: payload === 'start' ? 'running' : 'standing' }));
      }
      if (topic === 'greenhouse/vent/set') void say('vent', payload);
    },
    measure: (values) => say('climate', JSON.stringify(values)),
    say,
  };
  await client.on(
    'greenhouse/+/set',
    (message) => {
      const payload = message.text();
      greenhouse.commands.push([message.topic, payload]);
      greenhouse.answer(message.topic, payload);
    },
    { qos: 1 },
  );
  return greenhouse;
}

/** A picture of a sky over a field, as a PNG file; another one for each hour. */
export function pictureOfSky(hour: number, width = 160, height = 120): Uint8Array {
  const rows = Array.from({ length: height }, (_, y) => {
    const row = Buffer.alloc(1 + width * 3);
    for (let x = 0; x < width; x++) {
      const isField = y > height * 0.7 + Math.sin(x / 18) * 6;
      const light = Math.round(140 * (y / height) + hour * 3);
      row.set(isField ? [40 + (x % 12), 110 + (y % 20), 60] : [light, 120 + light / 3, 220], 1 + x * 3);
    }
    return row;
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const data = deflateSync(Buffer.concat(rows));
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}
