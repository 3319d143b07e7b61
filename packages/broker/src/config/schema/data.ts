import { defaultDurability } from '@cauldron/core';
import { z } from 'zod';
import { flag, orElse, seconds, sections, text, topicFilter } from '../setting.ts';
import { ack } from './shared.ts';

/** Where `cauldron broker` keeps its data when nothing says otherwise, in the working directory. */
export const DEFAULT_DATA_DIRECTORY = 'cauldron-data';

const topicAck = z.strictObject({
  filter: topicFilter('Topic filter of the messages that `ack` is for.', 'sensors/#'),
  ack,
});

/** `[data]` */
export const data = z
  .strictObject({
    directory: orElse(
      text(
        'Folder of the durable store, made if it is not there; one broker at a time. Sessions, their messages and ' +
          'retained messages are kept in it. A relative path starts at the working directory.',
        'a path',
        '/var/lib/cauldron',
      ),
      `\`"${DEFAULT_DATA_DIRECTORY}"\` for \`cauldron broker\`; none, everything in memory, in a program`,
    ),
    memory: flag(
      'Keep everything in memory, whatever `directory` says: nothing is written, and nothing outlives the broker.',
    ).default(false),
    ack: ack.default(defaultDurability.ack.default),
    restartWillDelay: seconds(
      'How long after a start the will of a client is held back whose connection ended with the broker: it may ' +
        'come back meanwhile, and its will is then not published.',
      { min: 0, max: 86_400 },
    ).default(defaultDurability.restartWillDelay),
    topics: z
      .array(topicAck)
      .register(sections, {
        help:
          'An `ack` of their own for some topics: one `[[data.topics]]` table each, in the order they are tried; the first ' +
          "`filter` that matches decides, before a listener's own `ack`.",
      })
      .default([]),
  })
  .register(sections, { help: 'Where sessions and messages are kept, and what an acknowledgement promises.' })
  .prefault({});
