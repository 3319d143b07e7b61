import type { ApiError, Session } from '@cauldron/broker/admin-api';

/** A request the broker did not do; `message` says why and what to do next. */
export class ApiFailure extends Error {
  /** HTTP status; 0 = no answer came. */
  readonly status: number;
  /** Stable code of the answer, `UNREACHABLE` without one. */
  readonly code: string;
  /** Where the request is wrong, as paths into it; only of `VALIDATION_FAILED`. */
  readonly details: readonly { readonly path: string; readonly message: string }[];

  constructor(status: number, code: string, message: string, details: ApiFailure['details'] = []) {
    super(message);
    this.name = 'ApiFailure';
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

let csrfToken: string | null = null;
let sessionEnded: () => void = () => {};

/** What requests have to show, from the session; and who is told when the broker does not know it any more. */
export function useCredentials(session: Session, ended: () => void): void {
  csrfToken = session.user?.csrfToken ?? null;
  sessionEnded = ended;
}

/**
 * Asks the admin API.
 *
 * @param path below `/api/v1`, with a leading slash
 * @throws {ApiFailure}
 */
export async function request<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const response = await send(method, path, body, signal);
  if (response.status === 204) return undefined as T;
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return answer as T;
  const error = (answer as ApiError | null)?.error;
  if (response.status === 401 && path !== '/session') sessionEnded();
  throw new ApiFailure(
    response.status,
    error?.code ?? 'UNREADABLE',
    error?.message ?? `The broker answered ${response.status} ${response.statusText}. Try again, or look at its log.`,
    error?.details,
  );
}

async function send(method: Method, path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (method !== 'GET' && csrfToken !== null) headers['x-cauldron-csrf'] = csrfToken;
  try {
    return await fetch(`/api/v1${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiFailure(
      0,
      'UNREACHABLE',
      'The broker does not answer. Is it running? The page tries again by itself.',
    );
  }
}

export const get = <T>(path: string, signal?: AbortSignal): Promise<T> => request<T>('GET', path, undefined, signal);
export const post = <T>(path: string, body: unknown = {}): Promise<T> => request<T>('POST', path, body);
export const put = <T>(path: string, body: unknown): Promise<T> => request<T>('PUT', path, body);
export const remove = <T>(path: string): Promise<T> => request<T>('DELETE', path);

/** `?a=1&b=x`, without what is undefined or empty. */
export function search(query: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}
