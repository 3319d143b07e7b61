import type { WidgetOf } from '@cauldron/broker/admin-api';
import { Button, TextField } from '../../../ui/controls.tsx';
import type { Problems } from '../problems.ts';
import { SourceField } from './source-field.tsx';

type Series = WidgetOf<'chart'>['series'];

const MOST = 8;

export interface SeriesFieldProps {
  readonly value: Series;
  readonly problems: Problems;
  readonly onChange: (series: Series) => void;
}

/** The lines of a chart. */
export function SeriesField({ value, problems, onChange }: SeriesFieldProps) {
  const change = (index: number, part: Partial<Series[number]>): void =>
    onChange(value.map((one, at) => (at === index ? { ...one, ...part } : one)));
  return (
    <>
      {value.map(({ source, label }, index) => (
        <fieldset class="dashboards-set" key={index}>
          <legend>
            <span class="chart-swatch" style={{ background: `var(--series-${index + 1})` }} /> Line {index + 1}
          </legend>
          <SourceField
            value={source}
            onChange={(next) => change(index, { source: next })}
            topicError={problems[`series.${index}.source.topic`]}
            pathError={problems[`series.${index}.source.path`]}
            autofocus={index === 0}
          />
          <div class="dashboards-row">
            <TextField
              label="Name in the legend"
              value={label}
              placeholder={source.topic}
              onInput={(text) => change(index, { label: text.slice(0, 100) })}
            />
            {value.length > 1 && (
              <Button
                kind="quiet"
                icon="trash"
                label={`Remove line ${index + 1}`}
                onClick={() => onChange(value.filter((_, at) => at !== index))}
              />
            )}
          </div>
        </fieldset>
      ))}
      <div>
        <Button
          small
          icon="plus"
          disabled={value.length >= MOST}
          onClick={() =>
            onChange([...value, { source: { topic: value.at(-1)?.source.topic ?? '', path: '' }, label: '' }])
          }
        >
          Add a line
        </Button>
      </div>
    </>
  );
}
