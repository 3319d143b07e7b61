import { connect as connectSocket, type Socket } from 'node:net';
import { type Client, connect, type NodeClientOptions } from '@cauldron/client';
import { encodePacket, PacketType } from '@cauldron/protocol';
import { connectOf } from '../support/raw-client.ts';
import { send } from './sending.ts';

/** A factory's worth of clients, as a person would find them: for pages that are to be looked at. */
export interface Plant {
  /** Client identifiers of those that are connected. */
  readonly connected: readonly string[];
  /** Client identifiers of sessions that wait, with messages in them. */
  readonly away: readonly string[];
  /** Connected, subscribed to `plant/camera/#`, and reading nothing. */
  readonly slow: string;
  stop(): Promise<void>;
}

const HALLS = ['north', 'south'] as const;
const MACHINES = ['press-1', 'press-2', 'oven', 'mixer', 'packer'] as const;
/** Milliseconds between two readings of a sensor. */
const READING = 500;
/** Bytes of a picture. */
const PICTURE = 120_000;

interface Member extends NodeClientOptions {
  readonly clientId: string;
}

/** Starts it: sensors that publish, services that listen, sessions whose clients are away, one client that is too slow. */
export async function startPlant(url: string): Promise<Plant> {
  const members: Client[] = [];
  const timers: ReturnType<typeof setInterval>[] = [];
  const join = async (member: Member): Promise<Client> => {
    const client = await connect(url, { username: member.clientId.split(/[-/]/)[0], ...member });
    members.push(client);
    return client;
  };
  const listeners = await startListeners(join);
  const away = await leaveSessions(url);
  const sensors = await startSensors(join, timers);
  const slow = 'tablet-office';
  const socket = await startSlow(url, slow);
  const camera = await join({ clientId: 'camera-gate' });
  const picture = new Uint8Array(PICTURE);
  timers.push(setInterval(() => send(camera, 'plant/camera/gate', picture), 100));
  return {
    connected: [...listeners, ...sensors, 'camera-gate', slow],
    away,
    slow,
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      socket.destroy();
      await Promise.all(members.map((member) => member.end({ abrupt: true })));
    },
  };
}

async function startSensors(join: (member: Member) => Promise<Client>, timers: NodeJS.Timeout[]): Promise<string[]> {
  const names: string[] = [];
  for (const hall of HALLS) {
    for (const [place, machine] of MACHINES.entries()) {
      for (const kind of ['temperature', 'vibration'] as const) {
        const clientId = `sensor-${hall}-${machine}-${kind}`;
        const base = `plant/${hall}/${machine}`;
        const sensor = await join({
          clientId,
          protocolVersion: kind === 'vibration' ? 4 : 5,
          will: { topic: `${base}/${kind}/status`, payload: 'offline', qos: 1, retain: true },
        });
        await sensor.publish(`${base}/${kind}/status`, 'online', { qos: 1, retain: true });
        timers.push(setInterval(() => publishReading(sensor, `${base}/${kind}`, place), READING + 20 * place));
        names.push(clientId);
      }
    }
  }
  return names;
}

function publishReading(sensor: Client, topic: string, place: number): void {
  const value = 20 + 4 * place + 3 * Math.sin(Date.now() / 7000 + place);
  const payload = JSON.stringify({
    value: Number(value.toFixed(2)),
    unit: topic.endsWith('vibration') ? 'mm/s' : '°C',
  });
  send(sensor, topic, payload, { qos: 1, retain: true });
}

async function startListeners(join: (member: Member) => Promise<Client>): Promise<string[]> {
  const subscribed: readonly (readonly [clientId: string, filters: readonly string[], version: 3 | 4 | 5])[] = [
    ['historian/influx', ['plant/#'], 5],
    ['grafana-live', ['plant/+/+/temperature', 'plant/+/+/vibration'], 5],
    ['node-red', ['plant/#', 'orders/#'], 4],
    ['alarm-service', ['plant/+/+/temperature', 'plant/+/+/+/status'], 5],
    ['panel-north', ['plant/north/#'], 4],
    ['panel-south', ['plant/south/#'], 4],
    ['panel-oven', ['plant/+/oven/#'], 3],
    ['worker-1', ['$share/workers/orders/new'], 5],
    ['worker-2', ['$share/workers/orders/new'], 5],
    ['worker-3', ['$share/workers/orders/new'], 5],
  ];
  for (const [clientId, filters, protocolVersion] of subscribed) {
    const client = await join({ clientId, protocolVersion });
    for (const filter of filters) await client.on(filter, () => {}, { qos: 1 });
  }
  return subscribed.map(([clientId]) => clientId);
}

/** Clients that came, subscribed and went, while what they want goes on. */
async function leaveSessions(url: string): Promise<string[]> {
  const names = ['forklift-3', 'forklift-7', 'phone-ann', 'gateway-east'];
  for (const [index, clientId] of names.entries()) {
    const options = { clientId, username: clientId.split('-')[0], cleanStart: false };
    const client = await connect(url, { ...options, sessionExpiry: 3600 * (index + 1) });
    await client.on(index === 3 ? 'plant/+/packer/#' : 'plant/+/oven/temperature', () => {}, { qos: 1 });
    await client.end();
  }
  return names;
}

/** A client that subscribes to pictures and never reads one. */
async function startSlow(url: string, clientId: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connectSocket({ host: hostname, port: Number(port) });
  socket.pause();
  const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  const packets = [
    connectOf(5, { clientId, username: 'tablet', password: new Uint8Array() }),
    {
      type: PacketType.subscribe,
      packetId: 1,
      subscriptions: [{ filter: 'plant/camera/#', qos: 0, ...options }],
    },
  ] as const;
  for (const packet of packets) socket.write(encodePacket(packet, 5));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return socket;
}
