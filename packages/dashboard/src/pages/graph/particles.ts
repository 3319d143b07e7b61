import { hashOf, type Link } from './scene.ts';

/** Particles that run at once: what canvas draws in a fraction of a frame. */
export const MOST_PARTICLES = 420;
/** Seconds for an edge. */
const TRAVEL = 1.5;
/** Up to so many messages a second each one has a particle. */
const ONE_BY_ONE = 2;

/** One message, or some of many, on its way. */
export interface Particle {
  readonly link: Link;
  /** From 0 to 1. */
  at: number;
}

/**
 * Particles a second for a rate: each message its own while there are few, then one more with each doubling, so that slow
 * edges can be seen beside fast ones.
 */
export const densityOf = (rate: number): number =>
  rate <= ONE_BY_ONE ? rate : ONE_BY_ONE + 1.6 * Math.log2(rate / ONE_BY_ONE);

/** What runs along the edges. */
export class Particles {
  #links: readonly Link[] = [];
  /** What each link has saved towards its next particle. */
  #credit = new Map<Link, number>();
  #running: Particle[] = [];

  get running(): readonly Particle[] {
    return this.#running;
  }

  /** The edges there are now; particles of others vanish. */
  update(links: readonly Link[]): void {
    this.#links = links;
    this.#credit = new Map(links.map((link) => [link, this.#credit.get(link) ?? hashOf(link.key)]));
    this.#running = this.#running.filter(({ link }) => this.#credit.has(link));
  }

  /** @param seconds since the last step */
  step(seconds: number): void {
    for (const particle of this.#running) particle.at += seconds / TRAVEL;
    this.#running = this.#running.filter(({ at }) => at < 1);
    const wanted = this.#links.reduce((sum, { rate }) => sum + densityOf(rate), 0) * TRAVEL;
    const share = Math.min(1, MOST_PARTICLES / Math.max(1, wanted));
    for (const link of this.#links) {
      if (link.rate === 0) continue;
      const credit = this.#credit.get(link)! + densityOf(link.rate) * share * seconds;
      const isDue = credit >= 1 && this.#running.length < MOST_PARTICLES;
      if (isDue) this.#running.push({ link, at: 0 });
      this.#credit.set(link, credit >= 1 ? credit % 1 : credit);
    }
  }

  clear(): void {
    this.#running = [];
  }
}
