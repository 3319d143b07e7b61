import { BystanderProcess } from './bystander-process.ts';
import { sleep, startMeter } from './meter.ts';
import { eachLimited, Failures, Peer } from './peer.ts';
import { probeFigures } from './probe.ts';
import { per } from './proc.ts';
import type { LoadResult, LoginSpec } from './spec.ts';

/** 100 messages a second. */
const BYSTANDER_MS = 10;
/** Under way when the last login is through. */
const TAIL_MS = 200;

type Figures = Record<string, number | null>;

/** Users who log in, and perhaps leave and all come back, beside a pair of clients that were there before. */
export async function runLogin(spec: LoginSpec): Promise<LoadResult> {
  const failures = new Failures();
  const bystander = await BystanderProcess.open({ ...spec, tickMs: BYSTANDER_MS });
  await sleep(1000 * spec.warmup);
  await bystander.read();
  await sleep(1000 * spec.seconds);
  const figures: Figures = probeFigures('alone', await bystander.read());
  const [came, first] = await logIn(spec, 'first', bystander, failures);
  Object.assign(figures, first);
  if (spec.again) {
    await eachLimited(came.length, spec.dialling, (i) => came[i]!.leave());
    await sleep(1000 * spec.warmup);
    await bystander.read();
    const [returned, again] = await logIn(spec, 'again', bystander, failures);
    Object.assign(figures, again);
    for (const peer of returned) peer.close();
  }
  for (const peer of came) peer.close();
  bystander.close();
  figures.wrong_refused = await tryWrong(spec);
  return { figures, errors: failures.list(), notes: [] };
}

/** All users log in as fast as the broker lets them; the figures' names begin with `prefix`. */
async function logIn(
  spec: LoginSpec,
  prefix: string,
  bystander: BystanderProcess,
  failures: Failures,
): Promise<[Peer[], Figures]> {
  const { users, dialling, brokerPid } = spec;
  const stop = startMeter(brokerPid);
  const peers = await eachLimited(users, dialling, (i) => open(spec, i, spec.password, failures));
  const { seconds, brokerCpu, loadCpu } = stop();
  await sleep(TAIL_MS);
  const figures = {
    [`${prefix}_per_s`]: users / seconds,
    [`${prefix}_cpu_us`]: per(brokerCpu, users, 1e6),
    [`${prefix}_broker_core_percent`]: per(brokerCpu, seconds, 100),
    [`${prefix}_load_core_percent`]: per(loadCpu, seconds, 100),
    ...probeFigures(prefix, await bystander.read()),
  };
  return [peers, figures];
}

function open(spec: LoginSpec, i: number, password: string, failures: Failures): Promise<Peer> {
  const { host, port, version, prefix } = spec;
  const login = { username: `${prefix}${i}`, password };
  return Peer.open({ host, port, version, clientId: `bench-l${i}`, countPublishes: true, login }, failures);
}

/** 1 where a wrong password is refused: then the right ones were looked at. */
async function tryWrong(spec: LoginSpec): Promise<0 | 1> {
  try {
    const peer = await open(spec, 0, `${spec.password}!`, new Failures());
    peer.close();
    return 0;
  } catch (error) {
    if (!(error as Error).message.includes('refused a CONNECT')) throw error;
    return 1;
  }
}
