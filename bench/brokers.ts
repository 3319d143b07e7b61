import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isSecured, securedBrokers } from './brokers-security.ts';
import { asRoot, type CauldronBin, findCauldron, findManifest, mosquittoWith } from './installed.ts';
import { answers, type BrokerKind, commandBroker, type RunningBroker } from './launch.ts';
import type { Setting } from './load-model.ts';
import type { External } from './options.ts';

const EXTERNAL_LIMIT_MS = 15_000;
const here = path.dirname(fileURLToPath(import.meta.url));

/**
 * Brokers in the order of the table. By the name one chooses; a name may stand for several ways to run one, and `null`
 * for what is not installed here or has no such setting.
 */
export function findBrokers(setting: Setting, cauldronBin: string | null): Map<string, readonly BrokerKind[] | null> {
  if (isSecured(setting)) return securedBrokers(setting, findCauldron(cauldronBin));
  if (setting === 'memory') {
    return new Map([
      ['cauldron', cauldron(findCauldron(cauldronBin))],
      ['mosquitto', mosquitto()],
      ['aedes', aedes()],
    ]);
  }
  return new Map([
    ['cauldron', durableCauldrons(findCauldron(cauldronBin))],
    ['mosquitto', durableMosquitto()],
    ['aedes', null],
  ]);
}

function cauldron(found: CauldronBin | null): BrokerKind[] | null {
  if (found === null) return null;
  const about = `cauldron ${found.version}, \`broker --memory\``;
  return [
    nodeBroker('cauldron', about, (port) => [
      found.bin,
      ...['broker', '--host', '127.0.0.1', '-p', String(port), '--memory'],
    ]),
  ];
}

/** A million retained messages of a load, and the few of the broker's own. */
const ROOM = { CAULDRON_LIMITS_MAX_RETAINED_MESSAGES: '1100000' };

/** The same broker with both meanings of an acknowledgement. No probe is loaded: its memory is part of what is measured. */
function durableCauldrons(found: CauldronBin | null): BrokerKind[] | null {
  if (found === null) return null;
  const variant = (name: string, ack: 'disk' | 'memory', promise: string): BrokerKind => {
    const about = `${name} ${found.version}, \`broker --data\` with ack \`${ack}\`: ${promise}`;
    return commandBroker(name, about, (port, folder) => {
      const args = ['broker', '--host', '127.0.0.1', '-p', String(port), '--data', path.join(folder, 'data')];
      return { command: [process.execPath, found.bin, ...args], env: { ...ROOM, CAULDRON_DATA_ACK: ack } };
    });
  };
  return [
    variant('cauldron', 'disk', 'PUBACK after fsync'),
    variant('cauldron-ack-memory', 'memory', 'PUBACK before the disk has it'),
  ];
}

function aedes(): BrokerKind[] | null {
  let manifest: string;
  try {
    manifest = findManifest(createRequire(import.meta.url).resolve('aedes'));
  } catch {
    // Not installed: aedes is no dependency, bench/README.md says how to add it.
    return null;
  }
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const script = path.join(here, 'brokers/aedes.ts');
  return [nodeBroker('aedes', `aedes ${version}, in-memory persistence`, (port) => [script, String(port)])];
}

function nodeBroker(name: string, about: string, args: (port: number) => string[]): BrokerKind {
  const probe = path.join(here, 'brokers/gc-probe.ts');
  return commandBroker(name, about, (port, folder) => {
    const probeFile = path.join(folder, 'probe.json');
    return {
      command: [process.execPath, '--expose-gc', '--import', probe, ...args(port)],
      env: { BENCH_PROBE_FILE: probeFile },
      probeFile,
    };
  });
}

function mosquitto(): BrokerKind[] | null {
  const how = 'its default settings (queue 1000, in flight 20), no persistence';
  return kindsOf(mosquittoWith('mosquitto', how, () => ['persistence false']));
}

/** Without a limit to the queues nothing is dropped; as many messages in flight as Cauldron sends by default. */
function durableMosquitto(): BrokerKind[] | null {
  const about =
    'persistence on (saved every 30 minutes and at the end), queues without limit, in flight 256: ' +
    'PUBACK before the disk has it';
  const kind = mosquittoWith('mosquitto', about, (folder) => {
    const location = path.join(folder, 'data');
    mkdirSync(location);
    return [
      'persistence true',
      `persistence_location ${location}/`,
      'max_queued_messages 0',
      'max_inflight_messages 256',
      ...asRoot(),
    ];
  });
  return kindsOf(kind);
}

const kindsOf = (kind: BrokerKind | null): BrokerKind[] | null => (kind === null ? null : [kind]);

/** A broker that already runs; starting and stopping it is its owner's business. */
export function externalBroker({ name, pid, port }: External): BrokerKind {
  return {
    name,
    about: `${name}, already running as process ${pid}`,
    start: async (_core, base) => {
      await answers(port, EXTERNAL_LIMIT_MS, () => null);
      const restart = async (): Promise<never> => {
        throw new Error('a broker that runs already cannot be restarted by the bench');
      };
      const own = { port, pid, folder: base, probeFile: null, startSeconds: null };
      const running: RunningBroker = { ...own, restart, stop: async () => {} };
      return running;
    },
  };
}
