/** The 1,000 rules that brokers are measured with, in the form of each. */

export const RULE_COUNT = 1000;

/** Topics of the loads, which one rule each lets clients use, in the middle of all others. */
const OPEN = ['bench/+', 'bench/many/+'];
/** A topic below one that is open, closed by a rule. */
export const DENIED_TOPIC = 'bench/denied';

export interface AccessRule {
  readonly does: 'allow' | 'deny';
  readonly access: 'read' | 'write' | 'readwrite';
  /** A topic filter, perhaps with `%c` or `%u`. */
  readonly topic: string;
}

/**
 * As configurations are written: a place of its own for each rule, some with wildcards, names of clients and users, and
 * denials. They are for everybody, so that all of them are to be considered for each client.
 */
export function accessRules(): AccessRule[] {
  const rules: AccessRule[] = [
    ...OPEN.map((topic): AccessRule => ({ does: 'allow', access: 'readwrite', topic })),
    { does: 'deny', access: 'readwrite', topic: DENIED_TOPIC },
  ];
  const others = Array.from({ length: RULE_COUNT - rules.length }, (_, index) => placeRule(index));
  others.splice(others.length / 2, 0, ...rules);
  return others;
}

function placeRule(index: number): AccessRule {
  const place = `site-${index % 97}/line-${index}`;
  switch (index % 10) {
    case 0:
      return { does: 'deny', access: 'write', topic: `${place}/+/alarm` };
    case 1:
      return { does: 'allow', access: 'readwrite', topic: `${place}/%u/#` };
    case 2:
      return { does: 'allow', access: 'readwrite', topic: `${place}/%c/state` };
    // One that has to be looked at for every topic.
    case 3:
      return { does: 'allow', access: 'read', topic: `+/%c/line-${index}/#` };
    default:
      return { does: 'allow', access: 'readwrite', topic: index % 2 === 0 ? `${place}/+/temperature` : `${place}/#` };
  }
}

/** Tables of Cauldron's configuration file. */
export function asConfiguration(rules: readonly AccessRule[]): string {
  const tables = rules.map(
    ({ does, access, topic }) => `[[authorization.rules]]\n${does} = "${access}"\ntopic = "${topic}"\n`,
  );
  return tables.join('\n');
}

/**
 * Lines of a mosquitto ACL file, which anonymous clients are given. Only `pattern` lines know `%c` and `%u`; it has the
 * denials of either kind of access as one.
 */
export function asAclFile(rules: readonly AccessRule[]): string {
  const lines = rules.map(({ does, access, topic }) => {
    const keyword = /%[cu]/.test(topic) ? 'pattern' : 'topic';
    return `${keyword} ${does === 'deny' ? 'deny' : access} ${topic}`;
  });
  return `${lines.join('\n')}\n`;
}
