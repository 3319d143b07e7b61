import { type QoS, topicFilterProblem, topicNameProblem, utf8Length } from '@cauldron/protocol';
import { type Kind, LineProblem, listOf, whole } from './fields.ts';

const UINT16 = 65_535;
const UINT32 = 4_294_967_295;

/** Text that MQTT can carry (MQTT 5.0 section 1.5.4). */
export const text: Kind<string> = {
  name: 'text',
  takes: 'text of at most 65,535 bytes in UTF-8',
  read: (value) => {
    if (typeof value !== 'string') return undefined;
    if (!value.isWellFormed())
      throw new LineProblem('the text has half of a surrogate pair, which is no valid Unicode');
    if (value.includes('\0'))
      throw new LineProblem('the text has the null character U+0000, which MQTT does not allow');
    if (utf8Length(value) > UINT16)
      throw new LineProblem(`the text takes ${utf8Length(value)} bytes; 65,535 are allowed`);
    return value;
  },
};

export const clientId: Kind<string> = {
  name: 'text',
  takes: 'a client identifier, as text that is not empty',
  read: (value) => (value === '' ? undefined : text.read(value)),
};

export const topicName = checked('topic name', 'a topic name, as text such as "kitchen/soup"', topicNameProblem);
export const topicFilter = checked('topic filter', 'a topic filter, as text such as "kitchen/#"', topicFilterProblem);

function checked(name: string, takes: string, problemOf: (text: string) => string | undefined): Kind<string> {
  return {
    name,
    takes,
    read: (value) => {
      if (typeof value !== 'string') return undefined;
      const problem = problemOf(value);
      if (problem !== undefined) throw new LineProblem(problem);
      return value;
    },
  };
}

/** Bytes as the text they are in UTF-8; unlike {@link text}, anything goes that is Unicode. */
export const utf8Bytes: Kind<Uint8Array> = {
  name: 'text',
  takes: 'text',
  read: (value) => {
    if (typeof value !== 'string') return undefined;
    if (!value.isWellFormed()) throw new LineProblem('half of a surrogate pair is no text; give the bytes in Base64');
    return Buffer.from(value, 'utf8');
  },
};

export const base64Bytes: Kind<Uint8Array> = {
  name: 'Base64',
  takes: 'bytes in Base64, as text such as "AP8="',
  read: (value) => {
    if (typeof value !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) return undefined;
    const bytes = Buffer.from(value, 'base64');
    return bytes.toString('base64').replace(/=+$/, '') === value.replace(/=+$/, '') ? bytes : undefined;
  },
};

export const flag: Kind<boolean> = {
  name: 'true or false',
  takes: 'true or false',
  read: (value) => (typeof value === 'boolean' ? value : undefined),
};

export const qos: Kind<QoS> = {
  name: '0, 1 or 2',
  takes: '0, 1 or 2',
  read: (value) => (value === 0 || value === 1 || value === 2 ? value : undefined),
};

/** A moment, in milliseconds since 1970. */
export const time: Kind<number> = {
  name: 'time',
  takes: 'a time in ISO 8601 such as "2026-01-31T08:00:00.000Z", or whole milliseconds since 1970',
  read: (value) => {
    if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
    if (typeof value !== 'string' || !/^\d{4,6}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/.test(value)) {
      return undefined;
    }
    const moment = Date.parse(value);
    return Number.isNaN(moment) || moment < 0 ? undefined : moment;
  },
};

export const seconds = { ...whole(0, UINT32, ' (seconds)'), name: 'seconds' };
export const packetId = { ...whole(1, UINT16), name: 'number' };
export const messageNumber = whole(1, Number.MAX_SAFE_INTEGER);
/** The largest is the largest variable byte integer (MQTT 5.0 section 3.8.2.1.2). */
export const identifiers = listOf(
  { ...whole(1, 268_435_455), name: 'number' },
  'a list of whole numbers from 1 to 268435455',
);

export const userProperties: Kind<[string, string][]> = listOf(
  {
    name: 'pair',
    takes: 'a pair of texts such as ["name", "value"]',
    read: (value) => {
      if (!Array.isArray(value) || value.length !== 2) return undefined;
      const [name, content] = [text.read(value[0]), text.read(value[1])];
      return name === undefined || content === undefined ? undefined : [name, content];
    },
  },
  'a list of pairs of texts such as [["name", "value"]]',
);
