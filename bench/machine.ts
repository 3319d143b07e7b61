import { execFileSync } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import os from 'node:os';
import { timeFsync } from './load/fsync.ts';
import { percentileOf } from './load/histogram.ts';
import { readable } from './stats.ts';

/** Which core the broker and which the load run on; null where processes cannot be pinned. */
export interface Pinning {
  readonly broker: number;
  readonly load: number;
}

/** Core 0 for the broker and core 1 for the load, where there are two cores and taskset. */
export function findPinning(): Pinning | null {
  if (os.availableParallelism() < 2) return null;
  return outputOf('taskset', ['--version']) === null ? null : { broker: 0, load: 1 };
}

/** `command` as it must be started to stay on `core`; unchanged when `core` is null. */
export function pinned(core: number | null, command: readonly string[]): string[] {
  return core === null ? [...command] : ['taskset', '-c', String(core), ...command];
}

/** What a command prints (standard output and error), or null when it is not installed. */
export function outputOf(command: string, args: readonly string[]): string | null {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { code, stdout, stderr } = error as NodeJS.ErrnoException & { stdout?: string; stderr?: string };
    return code === 'ENOENT' ? null : `${stdout ?? ''}${stderr ?? ''}`;
  }
}

/** One line about the machine for the head of the report. */
export function machineLine(pinning: Pinning | null): string {
  const cpus = os.cpus();
  const pins = pinning ? `broker on core ${pinning.broker}, load on core ${pinning.load}` : 'processes not pinned';
  const memory = `${(os.totalmem() / 2 ** 30).toFixed(1)} GiB`;
  const model = cpus[0]?.model.trim() || 'unknown CPU';
  return `${model}, ${cpus.length} cores, ${memory}, ${os.type()} ${os.release()}, Node ${process.versions.node}, ${pins}`;
}

/** File systems by the number Linux knows them by. */
const FILE_SYSTEMS = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x2fc12fc1, 'zfs'],
  [0x794c7630, 'overlay'],
  [0x01021994, 'tmpfs'],
]);
const DISK_SAMPLES = 300;

/** What is known of the disk that holds `folder`. */
export interface Disk {
  readonly fileSystem: string;
  readonly fsyncP50Us: number;
  readonly fsyncP99Us: number;
}

/** Measures the disk that holds `folder`, which should be at rest. */
export function measureDisk(folder: string): Disk {
  const { type } = statfsSync(folder);
  const times = timeFsync(folder, DISK_SAMPLES);
  const [fsyncP50Us, fsyncP99Us] = [percentileOf(times, 0.5)!, percentileOf(times, 0.99)!];
  return { fileSystem: FILE_SYSTEMS.get(type) ?? `file system 0x${type.toString(16)}`, fsyncP50Us, fsyncP99Us };
}

/** One line about a disk for the head of the report. */
export function diskLine({ fileSystem, fsyncP50Us, fsyncP99Us }: Disk): string {
  const memory = fileSystem === 'tmpfs' ? '; this is memory, no disk: choose another with --folder' : '';
  return `${fileSystem}, write of 4 KiB in place and fdatasync p50 ${readable(fsyncP50Us)} us, p99 ${readable(fsyncP99Us)} us${memory}`;
}

/** Processor time of the whole machine since it started, in kernel ticks. */
interface MachineTicks {
  readonly stolen: number;
  readonly total: number;
}

/** The first line of Linux's /proc/stat; null when there is none. */
export function parseMachineTicks(stat: string): MachineTicks | null {
  const fields = /^cpu +([\d ]+)$/m.exec(stat)?.[1]?.split(' ').map(Number);
  if (fields === undefined || fields.length < 8) return null;
  // The fields after the eighth (guest time) are already part of the first two.
  return { stolen: fields[7]!, total: fields.slice(0, 8).reduce((sum, n) => sum + n, 0) };
}

/** Starts watching; the returned function tells which percentage of CPU time a virtual machine's host took away. */
export function watchStolenTime(): () => number | null {
  const before = machineTicks();
  return () => {
    const after = machineTicks();
    if (before === null || after === null || after.total === before.total) return null;
    return (100 * (after.stolen - before.stolen)) / (after.total - before.total);
  };
}

function machineTicks(): MachineTicks | null {
  try {
    return parseMachineTicks(readFileSync('/proc/stat', 'utf8'));
  } catch {
    // Not Linux: nothing is known of stolen time, and the report says nothing about it.
    return null;
  }
}
