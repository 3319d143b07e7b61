import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Icon, type IconName } from './icon.tsx';

/** What a colour means. */
export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'accent' | 'neutral';

export interface ButtonProps {
  readonly children?: ComponentChildren;
  readonly onClick?: (event: MouseEvent) => void;
  readonly kind?: 'normal' | 'primary' | 'danger' | 'danger-primary' | 'quiet';
  readonly icon?: IconName;
  readonly small?: boolean;
  readonly disabled?: boolean;
  /** For toggles. */
  readonly pressed?: boolean;
  readonly type?: 'button' | 'submit';
  /** What it does, where its text does not say it; needed without a text. */
  readonly label?: string;
  readonly title?: string | undefined;
}

export function Button(props: ButtonProps) {
  const { children, onClick, kind = 'normal', icon, small, disabled, pressed, type = 'button', label, title } = props;
  const bare = children === undefined;
  const classes = ['button', kind.replace('-', ' '), small ? 'small-button' : '', bare ? 'icon-only' : ''];
  return (
    <button
      type={type}
      class={classes.join(' ')}
      onClick={onClick}
      disabled={disabled}
      aria-pressed={pressed}
      aria-label={label}
      title={title ?? (bare ? label : undefined)}
    >
      {icon !== undefined && <Icon name={icon} size={small ? 16 : 18} />}
      {children}
    </button>
  );
}

export interface CardProps {
  readonly title?: ComponentChildren;
  /** Right of the title. */
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
  /** It takes the room there is, and its content scrolls inside. */
  readonly fill?: boolean;
  readonly class?: string;
}

export function Card({ title, actions, children, fill, class: more = '' }: CardProps) {
  return (
    <section class={`card ${fill ? 'card-fill' : ''} ${more}`}>
      {(title !== undefined || actions !== undefined) && (
        <div class="card-head">
          {title !== undefined && <h2>{title}</h2>}
          {actions}
        </div>
      )}
      <div class="card-body">{children}</div>
    </section>
  );
}

export const Badge = ({
  tone = 'neutral',
  children,
}: {
  readonly tone?: Tone;
  readonly children: ComponentChildren;
}) => <span class={`badge ${tone}`}>{children}</span>;

/** A coloured dot; what it means stands beside it, or in `label`. */
export const Dot = ({ tone, label }: { readonly tone: Tone; readonly label?: string }) => (
  <span class={`dot ${tone}`} role={label === undefined ? undefined : 'img'} aria-label={label} title={label} />
);

export interface FieldProps {
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly error?: string | undefined;
  /** Gets the id to put on the input, and what else belongs there. */
  readonly children: (input: { id: string; 'aria-describedby': string; 'aria-invalid': boolean }) => JSX.Element;
}

/** A label, an input, and what is to be said about it. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label class="field-label" for={id}>
        {label}
      </label>
      {children({ id, 'aria-describedby': `${id}-about`, 'aria-invalid': error !== undefined })}
      <span id={`${id}-about`} class={error === undefined ? 'field-hint' : 'field-error'}>
        {error ?? hint}
      </span>
    </div>
  );
}

export interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly hint?: ComponentChildren;
  readonly error?: string | undefined;
  readonly placeholder?: string;
  readonly type?: 'text' | 'password' | 'number' | 'url' | 'search';
  readonly lines?: number;
  readonly required?: boolean;
  readonly autocomplete?: string;
  readonly autofocus?: boolean;
  readonly mono?: boolean;
}

export function TextField(props: TextFieldProps) {
  const { label, value, onInput, hint, error, placeholder, type = 'text', lines, required, autocomplete, mono } = props;
  return (
    <Field label={label} hint={hint} error={error}>
      {(input) => {
        const common = {
          ...input,
          class: `input ${mono ? 'mono' : ''}`,
          value,
          placeholder,
          required,
          spellcheck: false,
          autocapitalize: 'off' as const,
        };
        const read = (event: Event): void => onInput((event.target as HTMLInputElement).value);
        return lines === undefined ? (
          <input
            {...common}
            // Preact has an interface for each type of input, of which this is any.
            type={type as 'text'}
            autocomplete={autocomplete ?? 'off'}
            autofocus={props.autofocus}
            onInput={read}
          />
        ) : (
          <textarea {...common} rows={lines} onInput={read} />
        );
      }}
    </Field>
  );
}

export interface SelectFieldProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly (readonly [value: T, text: string])[];
  readonly onChange: (value: T) => void;
  readonly hint?: ComponentChildren;
}

export function SelectField<T extends string>({ label, value, options, onChange, hint }: SelectFieldProps<T>) {
  return (
    <Field label={label} hint={hint}>
      {(input) => (
        <select {...input} class="input" value={value} onChange={(event) => onChange(event.currentTarget.value as T)}>
          {options.map(([one, text]) => (
            <option key={one} value={one}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export interface CheckProps {
  readonly label: ComponentChildren;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly disabled?: boolean;
}

export const Check = ({ label, checked, onChange, disabled }: CheckProps) => (
  <label class="check">
    <input
      type="checkbox"
      checked={checked}
      disabled={disabled}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
    <span>{label}</span>
  </label>
);

const NOTE_ICONS: Readonly<Record<string, IconName>> = { good: 'check', warn: 'warning', bad: 'error' };

/** Something to be read: what happened and what to do. */
export const Note = ({ tone = 'info', children }: { readonly tone?: Tone; readonly children: ComponentChildren }) => (
  <div class={`note ${tone}`} role={tone === 'bad' ? 'alert' : undefined}>
    <Icon name={NOTE_ICONS[tone] ?? 'info'} />
    <div>{children}</div>
  </div>
);

/** There is nothing to show, and why. */
export const Empty = ({
  icon = 'info',
  children,
}: {
  readonly icon?: IconName;
  readonly children: ComponentChildren;
}) => (
  <div class="empty">
    <Icon name={icon} size={28} />
    <div>{children}</div>
  </div>
);

export const Loading = ({ label = 'loading' }: { readonly label?: string }) => (
  <div class="empty" role="status">
    <div class="spinner" />
    <span class="visually-hidden">{label}</span>
  </div>
);

/** Facts in two columns: what, and how it is. */
export const Facts = ({ rows }: { readonly rows: readonly (readonly [string, ComponentChildren])[] }) => (
  <dl class="facts">
    {rows.map(([name, value]) => (
      <>
        <dt key={`${name}-name`}>{name}</dt>
        <dd key={name}>{value}</dd>
      </>
    ))}
  </dl>
);

export interface TabsProps<T extends string> {
  readonly label: string;
  readonly selected: T;
  readonly tabs: readonly (readonly [id: T, text: ComponentChildren])[];
  readonly onSelect: (id: T) => void;
}

/** Tabs, with arrow keys. What they show stands below, in an element with `role="tabpanel"`. */
export function Tabs<T extends string>({ label, selected, tabs, onSelect }: TabsProps<T>) {
  const move = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    const at = tabs.findIndex(([id]) => id === selected);
    const next = (at + step + tabs.length) % tabs.length;
    onSelect(tabs[next]![0]);
    (event.currentTarget as HTMLElement).querySelectorAll('button')[next]?.focus();
    event.preventDefault();
  };
  const ref = useRef<HTMLDivElement>(null);
  // In a narrow window not all of them can be seen.
  useEffect(() => {
    ref.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [selected]);
  return (
    <div ref={ref} class="tabs" role="tablist" aria-label={label} onKeyDown={move}>
      {tabs.map(([id, text]) => (
        <button
          key={id}
          type="button"
          role="tab"
          aria-selected={id === selected}
          tabIndex={id === selected ? 0 : -1}
          onClick={() => onSelect(id)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}
