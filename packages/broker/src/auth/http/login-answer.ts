import { claimedNames, claimedRules, isRecord, RightsProblem } from '../claimed-rights.ts';
import type { Verdict } from '../provider.ts';
import type { HttpAnswer } from './http-exchange.ts';

const KEYS: readonly string[] = ['result', 'username', 'superuser', 'roles', 'groups', 'rules', 'expiresAt'];

/** Milliseconds; the last moment a `Date` knows. */
const END_OF_TIME = 8.64e15;

const unavailable = (reason: string): Verdict => ({ outcome: 'unavailable', reason });

/**
 * What the answer of a login service means:
 *
 *     200  JSON: {"result": "allow" | "deny" | "ignore", ...}
 *     204  allow, with nothing more to say of the user
 *     401, 403  deny
 *     404  it does not know the user: the next provider is asked
 *
 * Anything else says nothing, and then nobody gets in: an answer that was not understood is not `ignore`, so a service
 * that is broken or misconfigured does not open the way to weaker providers behind it. The same goes for keys of the
 * answer that mean nothing here.
 *
 * @param named whether the client gave a user name
 */
export function readLoginAnswer({ status, body }: HttpAnswer, named: boolean): Verdict {
  switch (status) {
    case 200:
      return readResult(body, named);
    case 204:
      return named ? { outcome: 'accept' } : unavailable(NAMELESS);
    case 401:
    case 403:
      return { outcome: 'refuse', reason: `the login service answered ${status}` };
    case 404:
      return { outcome: 'unknown' };
    default:
      return unavailable(
        status >= 300 && status < 400
          ? `the login service redirects (status ${status}), which is not followed; write the final address as url`
          : `the login service answered with status ${status}`,
      );
  }
}

const NAMELESS = 'the login service allowed a client without a user name and named no "username"';

function readResult(body: Uint8Array, named: boolean): Verdict {
  const answer = parseJson(body);
  if (!isRecord(answer)) return unavailable('the answer of the login service is no JSON object');
  switch (answer.result) {
    case 'allow':
      return readAllowed(answer, named);
    case 'deny':
      return { outcome: 'refuse', reason: 'the login service answered "deny"' };
    case 'ignore':
      return { outcome: 'unknown' };
    default:
      return unavailable('the answer of the login service has no "result" of "allow", "deny" or "ignore"');
  }
}

function readAllowed(answer: Readonly<Record<string, unknown>>, named: boolean): Verdict {
  const problem = formProblem(answer, named);
  if (problem !== undefined) return unavailable(problem);
  const { username, superuser, roles, groups, rules, expiresAt } = answer;
  try {
    return {
      outcome: 'accept',
      username: username as string | undefined,
      expiresAt: expiresAt as number | undefined,
      rights: {
        ...(superuser === true && { superuser }),
        ...(roles !== undefined && { roles: claimedNames(roles, '"roles" of the login service') }),
        ...(groups !== undefined && { groups: claimedNames(groups, '"groups" of the login service') }),
        ...(rules !== undefined && { rules: claimedRules(rules, '"rules" of the login service') }),
      },
    };
  } catch (error) {
    if (error instanceof RightsProblem) return unavailable(error.message);
    throw error;
  }
}

/** What is wrong with an answer that allows; undefined = nothing. */
function formProblem(answer: Readonly<Record<string, unknown>>, named: boolean): string | undefined {
  const stranger = Object.keys(answer).find((key) => !KEYS.includes(key));
  if (stranger !== undefined) {
    // Not every text is fit for a log: the service may have sent back what it was sent.
    const shown = /^\w{1,30}$/.test(stranger) ? `"${stranger}"` : 'a key';
    return `the answer of the login service has ${shown}, which means nothing here; known are ${KEYS.join(', ')}`;
  }
  const { username, superuser, expiresAt } = answer;
  if (username === undefined && !named) return NAMELESS;
  if (username !== undefined && (typeof username !== 'string' || username === '')) {
    return '"username" of the login service is no text with at least one character';
  }
  if (superuser !== undefined && typeof superuser !== 'boolean') {
    return '"superuser" of the login service is neither true nor false';
  }
  if (expiresAt === undefined) return undefined;
  const isTime = typeof expiresAt === 'number' && expiresAt > 0 && expiresAt <= END_OF_TIME;
  return isTime ? undefined : '"expiresAt" of the login service is no number of milliseconds since 1970';
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown;
  } catch {
    return undefined;
  }
}
