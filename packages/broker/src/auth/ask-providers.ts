import type { AuthenticationRequest } from '@cauldron/core';
import type { Provider, Verdict } from './provider.ts';

/** What became of asking. */
export interface Answer {
  /** Who gave the verdict; null = all said they do not know. */
  readonly provider: Provider | null;
  readonly verdict: Verdict;
}

/** A login that is being asked about. */
export interface Question {
  readonly request: AuthenticationRequest;
  /** Aborted with an error that says why, where the answer does not count any more. */
  readonly signal: AbortSignal;
  /** Told what each provider said. */
  heard(provider: Provider, verdict: Verdict): void;
}

/** Asks providers until one says more than that it does not know. A promise only where one of them needs one. */
export function askInOrder(providers: readonly Provider[], question: Question): Answer | Promise<Answer> {
  for (const [index, provider] of providers.entries()) {
    const verdict = ask(provider, question);
    if (verdict instanceof Promise) {
      return verdict.then((later) => {
        question.heard(provider, later);
        if (later.outcome !== 'unknown') return { provider, verdict: later };
        return askInOrder(providers.slice(index + 1), question);
      });
    }
    question.heard(provider, verdict);
    if (verdict.outcome !== 'unknown') return { provider, verdict };
  }
  return { provider: null, verdict: { outcome: 'unknown' } };
}

/** One provider's verdict; whatever goes wrong on the way is one, too. Never rejects. */
function ask(provider: Provider, { request, signal }: Question): Verdict | Promise<Verdict> {
  if (signal.aborted) return unavailable(signal.reason);
  try {
    const verdict = provider.authenticate(request, signal);
    return verdict instanceof Promise ? withinTime(provider, verdict, signal) : verdict;
  } catch (error) {
    return unavailable(error);
  }
}

/** The verdict, or that there is none when nobody waits any longer: a provider that does not listen holds nobody up. */
function withinTime(provider: Provider, pending: Promise<Verdict>, signal: AbortSignal): Promise<Verdict> {
  return new Promise((resolve) => {
    const settle = (verdict: Verdict) => {
      signal.removeEventListener('abort', late);
      resolve(verdict);
    };
    const late = () => settle(provider.isWaiting?.(signal) === true ? BUSY : unavailable(signal.reason));
    signal.addEventListener('abort', late);
    pending.then(settle, (error: unknown) => settle(unavailable(error)));
  });
}

const BUSY: Verdict = { outcome: 'busy', reason: 'so many logins came before it that its turn did not come in time' };

const unavailable = (error: unknown): Verdict => ({
  outcome: 'unavailable',
  reason: error instanceof Error ? error.message : String(error),
});
