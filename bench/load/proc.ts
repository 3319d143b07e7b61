import { readFileSync } from 'node:fs';

/** Linux reports CPU time in these units to every program, whatever the kernel's own tick is. */
const TICKS_PER_SECOND = 100;

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // No such file: not Linux, or the process is gone. Callers print that as "n/a".
    return null;
  }
}

/** User plus system seconds of all threads of a process; null where the system does not tell. */
export function cpuSeconds(pid: number | null): number | null {
  const stat = pid === null ? null : read(`/proc/${pid}/stat`);
  return stat === null ? null : parseCpuSeconds(stat);
}

/** The CPU seconds in the text of /proc/PID/stat, whose second field may itself hold blanks and brackets. */
export function parseCpuSeconds(stat: string): number | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks / TICKS_PER_SECOND : null;
}

/** Resident memory of a process in KB: now, and the highest it has been. */
export interface Memory {
  readonly rssKb: number | null;
  readonly peakKb: number | null;
}

export function memory(pid: number | null): Memory {
  const status = pid === null ? null : read(`/proc/${pid}/status`);
  return { rssKb: statusKb(status, 'VmRSS'), peakKb: statusKb(status, 'VmHWM') };
}

/** Bytes a process has caused to be written to storage so far; null where the system does not tell. */
export function bytesWritten(pid: number | null): number | null {
  const io = pid === null ? null : read(`/proc/${pid}/io`);
  return io === null ? null : parseBytesWritten(io);
}

/** The bytes written to storage in the text of /proc/PID/io. */
export function parseBytesWritten(io: string): number | null {
  const found = /^write_bytes:\s+(\d+)$/m.exec(io);
  return found === null ? null : Number(found[1]);
}

/**
 * Seconds that the main thread of a process, by default this one, was ready to run and something else had its core; null
 * where the system does not tell.
 */
export function waitSeconds(pid: number | 'self' | null = 'self'): number | null {
  const text = pid === null ? null : read(`/proc/${pid}/schedstat`);
  return text === null ? null : parseWaitSeconds(text);
}

/** The time spent waiting for a processor in the text of /proc/PID/schedstat, which counts nanoseconds. */
export function parseWaitSeconds(schedstat: string): number | null {
  const found = /^\d+ (\d+) \d+/.exec(schedstat);
  return found === null ? null : Number(found[1]) / 1e9;
}

/** The value of one "Name:  123 kB" line of /proc/PID/status. */
export function statusKb(status: string | null, name: string): number | null {
  const found = status === null ? null : new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status);
  return found === null ? null : Number(found[1]);
}

/** `after - before` where both are known. */
export function difference(after: number | null, before: number | null): number | null {
  return after === null || before === null ? null : after - before;
}

/** `value / by * scale` where it can be told. */
export function per(value: number | null, by: number, scale = 1): number | null {
  return value === null || by <= 0 ? null : (value / by) * scale;
}
