import type { Command } from '@cauldron/broker/admin-api';
import { Check, SelectField } from '../../../ui/controls.tsx';
import { TopicField } from './topic-field.tsx';

export interface CommandFieldProps {
  readonly value: Command;
  readonly onChange: (command: Command) => void;
  readonly error?: string | undefined;
}

/** What is published, and how. */
export const CommandField = ({ value, onChange, error }: CommandFieldProps) => (
  <div class="dashboards-source">
    <TopicField
      label="Publish to"
      value={value.topic}
      onInput={(topic) => onChange({ ...value, topic })}
      error={error}
      placeholder="house/kitchen/lamp/set"
      autofocus
    />
    <SelectField
      label="Quality of service"
      value={String(value.qos) as '0' | '1' | '2'}
      options={[
        ['0', '0: at most once'],
        ['1', '1: at least once'],
        ['2', '2: exactly once'],
      ]}
      onChange={(qos) => onChange({ ...value, qos: Number(qos) as Command['qos'] })}
    />
    <Check
      label="Retain: a device that connects later gets it, too"
      checked={value.retain}
      onChange={(retain) => onChange({ ...value, retain })}
    />
  </div>
);
