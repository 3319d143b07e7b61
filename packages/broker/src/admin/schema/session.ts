/** Who looks at the dashboard: `/api/v1/session`. */
import { z } from 'zod';
import { time } from './common.ts';

/** What somebody may do here: look, or do everything. */
export const role = z.enum(['viewer', 'admin']).describe('`viewer` may look; `admin` may change things too');

export const login = z.strictObject({
  username: z.string().min(1).max(65_535),
  password: z.string().max(65_535),
});

/** `GET /session`: how it stands. Answered to everybody, so that a page knows whether to show a login. */
export const session = z.object({
  /** null = not logged in. */
  user: z
    .object({
      /** null = nobody in particular: this machine, where no authentication is configured. */
      username: z.string().nullable(),
      role,
      /** To be sent as the header `X-Cauldron-CSRF` with everything but GET; null = not needed. */
      csrfToken: z.string().nullable(),
      /** null = as long as the broker runs. */
      expiresAt: time.nullable(),
    })
    .nullable(),
  /** Whether there are users to log in as. */
  loginRequired: z.boolean(),
  /** Why nobody gets in this way, and what to do; null = one can. */
  refusal: z.string().nullable(),
  broker: z.object({ version: z.string() }),
});

export type Role = z.output<typeof role>;
export type Session = z.output<typeof session>;
export type Login = z.input<typeof login>;
