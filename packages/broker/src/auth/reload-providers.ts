import type { Provider } from './provider.ts';

/**
 * Reads the files of providers again; one that cannot keeps none from it.
 *
 * @throws {AggregateError} where some could not; those go on with what they had
 */
export async function reloadProviders(providers: readonly Provider[]): Promise<void> {
  const results = await Promise.allSettled(providers.map(async (provider) => provider.reload?.()));
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (errors.length === 0) return;
  const said = errors.map((error) => (error instanceof Error ? error.message : String(error))).join('; ');
  throw new AggregateError(errors, `users could not be read again, and stay as they were: ${said}`);
}
