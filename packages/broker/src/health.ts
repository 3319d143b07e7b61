/** Something that keeps the broker from doing all it should. */
export interface HealthFinding {
  /**
   * What it is, for programs:
   * - `store-full`: there is no room to write; messages that would have to be kept are refused.
   * - `store-failing`: writing fails for another reason, with the same effect.
   */
  readonly code: 'store-full' | 'store-failing';
  /** What happened and what to do, for people. */
  readonly message: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** Whether the broker does all it should. */
export interface Health {
  /** There are no findings. */
  readonly ok: boolean;
  readonly findings: readonly HealthFinding[];
}

/** The health of a broker, told on when it changes. */
export class HealthMonitor {
  readonly #changed: (health: Health) => void;
  #state: Health = { ok: true, findings: [] };

  /** @param changed called with the new state after each change */
  constructor(changed: (health: Health) => void) {
    this.#changed = changed;
  }

  /** As it is now; what is returned never changes. */
  get state(): Health {
    return this.#state;
  }

  /** Notes a finding. One that is known keeps its time; it is told on only where its message differs. */
  report(code: HealthFinding['code'], message: string, now: number): void {
    const known = this.#state.findings.find((finding) => finding.code === code);
    if (known?.message === message) return;
    const finding = { code, message, since: known?.since ?? now };
    this.#set([...this.#state.findings.filter((other) => other !== known), finding]);
  }

  /** A finding is over. */
  clear(code: HealthFinding['code']): void {
    const findings = this.#state.findings.filter((finding) => finding.code !== code);
    if (findings.length < this.#state.findings.length) this.#set(findings);
  }

  #set(findings: readonly HealthFinding[]): void {
    this.#state = { ok: findings.length === 0, findings };
    this.#changed(this.#state);
  }
}
