import { z } from 'zod';
import { defaultAuthentication } from '../../auth/authentication-options.ts';
import { count, explain, flag, orElse, seconds, sections } from '../setting.ts';
import { provider } from './providers.ts';

const HOUR = 3600;
const DAY = 86_400;
const MILLION = 1_000_000;

/** `[authentication]` */
export const authentication = z
  .strictObject({
    allowAnonymous: orElse(
      flag(
        'Clients that do not show who they are may come in; a listener may say otherwise. Where other machines can reach one ' +
          'that lets them in, the broker warns when it starts and in its health.',
      ),
      'only where no provider is configured and nobody but this machine can reach the listener',
    ),
    timeout: seconds('How long a login may take, all providers together; then it is refused.', {
      min: 0.01,
      max: HOUR,
      whole: false,
    }).default(defaultAuthentication.timeout),
    maxPending: count(
      'Logins that may wait for providers at the same time; one more is told that the server is busy (0x89).',
      {
        min: 1,
        max: MILLION,
      },
    ).default(defaultAuthentication.maxPending),
    cacheTime: seconds(
      'How long a login that was checked is remembered, so that a client that comes back is not checked anew; 0 = not at ' +
        'all. Kept under a key of this process, and forgotten when the credentials change.',
      { min: 0, max: DAY, whole: false },
    ).default(defaultAuthentication.cacheTime),
    cacheSize: count('Logins that are remembered; 0 = none.', { min: 0, max: 10 * MILLION }).default(
      defaultAuthentication.cacheSize,
    ),
    failuresBeforeDelay: count(
      'Logins with wrong credentials, of one user or from one address, before further ones are refused for a while; 0 = never refuse them.',
      { min: 0, max: MILLION },
    ).default(defaultAuthentication.failuresBeforeDelay),
    failureDelay: seconds('For how long they are refused at first; it doubles with each further failure.', {
      min: 0,
      max: DAY,
      whole: false,
    }).default(defaultAuthentication.failureDelay),
    failureDelayMaximum: seconds('The longest they are refused.', { min: 0, max: DAY, whole: false }).default(
      defaultAuthentication.failureDelayMaximum,
    ),
    refusalTime: seconds(
      'A refusal leaves at the next multiple of this after the request came, so that the time it takes does not tell whether the ' +
        'user exists; 0 = at once.',
      { min: 0, max: 60, whole: false },
    ).default(defaultAuthentication.refusalTime),
    providers: z
      .array(provider)
      .register(sections, {
        help:
          'Who knows the users: one `[[authentication.providers]]` table each, asked in this order. The first one that knows a ' +
          'user decides; one that should answer and cannot refuses. Relative paths start at the working directory.',
      })
      .default([]),
  })
  .superRefine(({ failureDelay, failureDelayMaximum }, context) => {
    if (failureDelay > failureDelayMaximum)
      explain(context, ['failureDelay'], `is longer than failureDelayMaximum (${failureDelayMaximum} s)`);
  })
  .register(sections, {
    help: 'Who may connect. What a client may then do is `[authorization]`.',
  })
  .prefault({});
