import { useState } from 'preact/hooks';
import { TextField } from '../../../ui/controls.tsx';

export interface NumberFieldProps {
  readonly label: string;
  readonly value: number | null;
  readonly onChange: (value: number) => void;
  /** Where it may stay empty. */
  readonly onEmpty?: () => void;
  readonly hint?: string;
  readonly error?: string | undefined;
  readonly placeholder?: string;
  /** Whole numbers within these. */
  readonly whole?: readonly [low: number, high: number];
}

/** A number. What is no number stays in the field, with a word about it, and changes nothing. */
export function NumberField({ label, value, onChange, onEmpty, hint, error, placeholder, whole }: NumberFieldProps) {
  const [text, setText] = useState<string | null>(null);
  const shown =
    text !== null && readNumber(text) === value ? text : text !== null && problemOf(text) ? text : said(value);
  function problemOf(typed: string): string | undefined {
    if (typed.trim() === '') return onEmpty === undefined ? 'Needs a number' : undefined;
    const number = readNumber(typed);
    if (number === null) return 'Is no number';
    if (whole === undefined || (Number.isInteger(number) && number >= whole[0] && number <= whole[1])) return undefined;
    return `A whole number from ${whole[0]} to ${whole[1]}`;
  }
  const input = (typed: string): void => {
    setText(typed);
    if (problemOf(typed) !== undefined) return;
    const number = readNumber(typed);
    if (number === null) onEmpty?.();
    else onChange(number);
  };
  return (
    <TextField
      label={label}
      value={shown}
      onInput={input}
      hint={hint}
      error={(text !== null ? problemOf(text) : undefined) ?? error}
      {...(placeholder !== undefined && { placeholder })}
    />
  );
}

const said = (value: number | null): string => (value === null ? '' : String(value));

/** `21,5` is what many people type. */
function readNumber(text: string): number | null {
  const plain = text.trim().replace(',', '.');
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : null;
}
