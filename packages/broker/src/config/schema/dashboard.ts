import { z } from 'zod';
import { count, flag, seconds, sections, text } from '../setting.ts';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** `[dashboard]` */
export const dashboard = z
  .strictObject({
    enabled: flag(
      'The dashboard and its API (`/api/v1`) are served on listeners with `webSocket`; a listener may say otherwise.',
    ).default(true),
    adminRole: text(
      'Role of users who may do everything there; superusers may, too. Users get roles in `authorization.roles` or by their login.',
      'a name',
      'admin',
    ).default('admin'),
    viewerRole: text('Role of users who may look and change nothing.', 'a name', 'viewer').default('viewer'),
    sessionTimeout: seconds('How long a login in the browser lasts.', { min: MINUTE, max: 365 * DAY }).default(
      12 * HOUR,
    ),
    idleTimeout: seconds('How long it lasts while no page is open.', { min: MINUTE, max: 365 * DAY }).default(HOUR),
    maxTopics: count(
      'Topics that the topic explorer keeps apart while somebody looks; further ones are passed over, and the page says so.',
      { min: 100, max: 10_000_000 },
    ).default(250_000),
    maxStreams: count('Pages that may be open at the same time, all together.', { min: 1, max: 10_000 }).default(100),
    maxStreamsPerAddress: count('Pages that may be open at the same time, from one address.', {
      min: 1,
      max: 10_000,
    }).default(20),
  })
  .register(sections, {
    help:
      'The dashboard in the browser, and the API behind it. Users are those of `[authentication]`; where nobody has to log in, ' +
      'it opens on the machine of the broker alone. See [admin-api.md](admin-api.md).',
  })
  .prefault({});
