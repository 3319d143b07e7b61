import { TextField } from '../../../ui/controls.tsx';
import type { Problems } from '../problems.ts';
import { NumberField } from './number-field.tsx';

interface Unit {
  readonly unit: string;
}
interface Decimals {
  readonly decimals: number;
}
interface Range extends Unit, Decimals {
  readonly min: number;
  readonly max: number;
}

/** What several kinds of widgets have in common. */
export const UnitField = ({ widget, set }: { readonly widget: Unit; readonly set: (change: Unit) => void }) => (
  <TextField label="Unit" value={widget.unit} onInput={(unit) => set({ unit: unit.slice(0, 20) })} placeholder="°C" />
);

export const DecimalsField = ({
  widget,
  set,
}: {
  readonly widget: Decimals;
  readonly set: (change: Decimals) => void;
}) => (
  <NumberField label="Decimals" value={widget.decimals} whole={[0, 6]} onChange={(decimals) => set({ decimals })} />
);

export interface RangeFieldsProps {
  readonly widget: Range;
  readonly problems: Problems;
  readonly set: (change: Partial<Range>) => void;
}

export const RangeFields = ({ widget, problems, set }: RangeFieldsProps) => (
  <div class="fields dashboards-four">
    <NumberField label="Lowest" value={widget.min} onChange={(min) => set({ min })} />
    <NumberField label="Highest" value={widget.max} error={problems.max} onChange={(max) => set({ max })} />
    <UnitField widget={widget} set={set} />
    <DecimalsField widget={widget} set={set} />
  </div>
);
