/** What a finding is, for programs; see {@link HealthFinding.code}. */
export type HealthCode =
  | 'store-full'
  | 'store-failing'
  | 'memory-high'
  | 'memory-critical'
  | 'provider-unavailable'
  | 'audit-failing'
  | 'reload-failed'
  | 'dashboards-failing'
  | 'anonymous-exposed';

/** What an operator chose and shall go on seeing, though nothing is wrong. */
const CHOSEN: readonly HealthCode[] = ['anonymous-exposed'];

/** Something that keeps the broker from doing all it should, or that an operator should go on seeing. */
export interface HealthFinding {
  /**
   * What it is, for programs:
   * - `store-full`: there is no room to write; messages that would have to be kept are refused.
   * - `store-failing`: writing fails for another reason, with the same effect.
   * - `memory-high`, `memory-critical`: memory is short, and the broker sheds what `MemoryPressure` says.
   * - `provider-unavailable`: logins cannot be checked, because a provider of users does not answer.
   * - `audit-failing`: the audit log cannot be written.
   * - `reload-failed`: files or a configuration that changed cannot be used; what was there before holds on.
   * - `dashboards-failing`: dashboards cannot be read or kept; everything else works.
   * - `anonymous-exposed`: other machines can reach a listener that lets everybody in. This one alone keeps the broker
   *   from nothing, so {@link Health.ok} stays true.
   */
  readonly code: HealthCode;
  /** What happened and what to do, for people. */
  readonly message: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** Whether the broker does all it should. */
export interface Health {
  /** Nothing keeps the broker from doing all it should. */
  readonly ok: boolean;
  readonly findings: readonly HealthFinding[];
}

/** The health of a broker, told on when it changes. */
export class HealthMonitor {
  #changed: (health: Health) => void = () => {};
  #state: Health = { ok: true, findings: [] };

  /** @param changed called with the new state after each change */
  constructor(changed?: (health: Health) => void) {
    if (changed !== undefined) this.#changed = changed;
  }

  /** Calls `changed` with the new state after each change, in place of who was called before. */
  onChange(changed: (health: Health) => void): void {
    this.#changed = changed;
  }

  /** As it is now; what is returned never changes. */
  get state(): Health {
    return this.#state;
  }

  /** Notes a finding. One that is known keeps its time; it is told on only where its message differs. */
  report(code: HealthCode, message: string, now: number): void {
    const known = this.#state.findings.find((finding) => finding.code === code);
    if (known?.message === message) return;
    const finding = { code, message, since: known?.since ?? now };
    this.#set([...this.#state.findings.filter((other) => other !== known), finding]);
  }

  /** Whether one of these is reported. */
  has(...codes: readonly HealthCode[]): boolean {
    return this.#state.findings.some(({ code }) => codes.includes(code));
  }

  /** A finding is over. */
  clear(code: HealthCode): void {
    const findings = this.#state.findings.filter((finding) => finding.code !== code);
    if (findings.length < this.#state.findings.length) this.#set(findings);
  }

  #set(findings: readonly HealthFinding[]): void {
    this.#state = { ok: findings.every(({ code }) => CHOSEN.includes(code)), findings };
    this.#changed(this.#state);
  }
}
