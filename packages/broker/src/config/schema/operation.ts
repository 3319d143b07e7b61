import { z } from 'zod';
import { choice, choices, orElse, seconds, sections, text } from '../setting.ts';

/** `[sys]` */
export const sys = z
  .strictObject({
    interval: seconds('How often the values under $SYS/broker are published; 0 = never.', {
      min: 0,
      max: 86_400,
      whole: false,
    }).default(10),
  })
  .register(sections, { help: "The broker's own values, as retained messages under $SYS." })
  .prefault({});

/** `[log]` */
export const log = z
  .strictObject({
    level: choice('What is logged: this and everything graver.', ['silent', 'error', 'warn', 'info', 'debug']).default(
      'info',
    ),
    format: choice('Lines for people, or one JSON object a line for machines.', ['text', 'json']).default('text'),
  })
  .register(sections, { help: 'What the broker says on standard error.' })
  .prefault({});

/** Kinds of events in the audit log. */
const AUDIT_EVENTS = ['login', 'refusal', 'denial', 'ban', 'administration'] as const;

/** `[audit]` */
export const audit = z
  .strictObject({
    file: orElse(
      text(
        'File the audit log is appended to, one JSON object a line, made with permissions 0600 if it is not there. A relative ' +
          'path starts at the working directory.',
        'a path',
        '/var/log/cauldron/audit.jsonl',
      ),
      'no audit log',
    ),
    events: choices(
      'Kinds of events that are written: logins and how they end ("login"), refused ones ("refusal"), what clients may not do ' +
        '("denial"), who connects too often ("ban"), starts, stops, reloads and what operators do ("administration").',
      AUDIT_EVENTS,
      ['login', 'refusal'],
    ).default([...AUDIT_EVENTS]),
  })
  .register(sections, {
    help: 'A record of who came in, who did not, and what operators did. It never holds a secret; [audit.md](audit.md) lists what is in it.',
  })
  .prefault({});
