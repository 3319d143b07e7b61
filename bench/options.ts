import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Load } from './load-model.ts';
import { chooseLoads, quickened, slow } from './loads.ts';

export const usage = `Usage: npm run bench -- [options]

Starts each broker in turn, drives the same loads, and prints a Markdown table of ratios and medians.

  --brokers A,B       cauldron, mosquitto, aedes (default: all that are installed)
  --cauldron FILE     the Cauldron to measure: bin/cauldron.js of an installed package (default: the one of this clone,
                      which Node compiles at every start)
  --external N=P:PORT also measure a running broker: name, process id, port on 127.0.0.1 (may be repeated)
  --only A,B          loads by name, by group, or by a beginning with * (default: all; see --list)
  --rounds N          how often everything is repeated, brokers taking turns (default 3)
  --seconds N         measured time of each load (default 5)
  --warmup N          time before it (default 1)
  --folder DIR        where brokers keep what they keep (default: the system's folder for temporary files); the durable
                      loads measure the disk it is on
  --json FILE         also write every single result to FILE
  --quick             a first look: 1 round, 1 second, 1,000 idle connections, no more than 10k subscriptions, a tenth of
                      the kept messages
  --list              print the loads and leave
  --help              print this and leave
`;

export interface External {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
}

export interface Options {
  readonly loads: readonly Load[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmup: number;
  /** Names in order; null: whatever is installed. */
  readonly brokers: readonly string[] | null;
  /** The command to measure as Cauldron; null: this clone's. */
  readonly cauldron: string | null;
  readonly externals: readonly External[];
  readonly folder: string;
  readonly json: string | null;
  readonly help: boolean;
  readonly list: boolean;
}

/** Reads the command line. Throws an Error with a text for the user on anything it does not understand. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      brokers: { type: 'string' },
      cauldron: { type: 'string' },
      external: { type: 'string', multiple: true },
      only: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      warmup: { type: 'string' },
      folder: { type: 'string' },
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const chosen = chooseLoads(names(values.only) ?? []);
  const all = values.quick ? chosen.filter((load) => values.only !== undefined || !slow(load)).map(quickened) : chosen;
  return {
    loads: all,
    rounds: Math.ceil(positive('rounds', values.rounds, values.quick ? 1 : 3)),
    seconds: positive('seconds', values.seconds, values.quick ? 1 : 5),
    warmup: positive('warmup', values.warmup, 1),
    brokers: names(values.brokers),
    cauldron: values.cauldron === undefined ? null : existing('cauldron', values.cauldron),
    externals: (values.external ?? []).map(external),
    folder: existing('folder', values.folder ?? os.tmpdir()),
    json: values.json ?? null,
    help: values.help,
    list: values.list,
  };
}

function names(list: string | undefined): string[] | null {
  if (list === undefined) return null;
  return list.split(',').filter((name) => name !== '');
}

function positive(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} wants a number above 0, not "${text}"`);
  return value;
}

function existing(option: string, wanted: string): string {
  const chosen = path.resolve(wanted);
  if (!existsSync(chosen)) throw new Error(`--${option} ${chosen} is not there`);
  return chosen;
}

function external(text: string): External {
  const found = /^([\w.-]+)=(\d+):(\d+)$/.exec(text);
  if (found === null) throw new Error(`--external wants NAME=PID:PORT, for example mine=4711:1883, not "${text}"`);
  return { name: found[1]!, pid: Number(found[2]), port: Number(found[3]) };
}
