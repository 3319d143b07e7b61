import { SelectField } from '../../../ui/controls.tsx';

const NAMES = {
  good: 'green',
  warn: 'amber',
  bad: 'red',
  info: 'blue',
  off: 'grey',
  primary: 'as the page',
} as const;

export type Color = keyof typeof NAMES;

export interface ColorFieldProps<C extends Color> {
  readonly label: string;
  readonly value: C;
  readonly colors: readonly C[];
  readonly onChange: (color: C) => void;
}

/** One of the colours that mean something. */
export const ColorField = <C extends Color>({ label, value, colors, onChange }: ColorFieldProps<C>) => (
  <SelectField<C>
    label={label}
    value={value}
    options={colors.map((color) => [color, NAMES[color]] as const)}
    onChange={onChange}
  />
);
