import { Button } from './controls.tsx';
import { toast } from './toasts.tsx';

export interface CopyButtonProps {
  readonly text: string;
  /** What is copied, for who cannot see it: `Copy the address of tcp`. */
  readonly label: string;
  /** What the button says; without it, it is an icon only. */
  readonly children?: string;
}

/** Puts a text into the clipboard, and says so. */
export function CopyButton({ text, label, children }: CopyButtonProps) {
  const copy = async (): Promise<void> => {
    const done = await copyText(text);
    toast(
      done
        ? `Copied: ${shortened(text)}`
        : 'The browser does not let this page copy: mark the text and copy it yourself.',
      {
        tone: done ? 'good' : 'bad',
      },
    );
  };
  const onClick = (): void => void copy();
  if (children === undefined) return <Button small kind="quiet" icon="copy" label={label} onClick={onClick} />;
  return (
    <Button small icon="copy" onClick={onClick}>
      {children}
    </Button>
  );
}

const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

async function copyText(text: string): Promise<boolean> {
  // Browsers have a clipboard only for pages that came over TLS or from this machine.
  if (navigator.clipboard !== undefined) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => copyBySelection(text),
    );
  }
  return copyBySelection(text);
}

function copyBySelection(text: string): boolean {
  const field = document.createElement('textarea');
  const before = document.activeElement;
  field.value = text;
  field.className = 'visually-hidden';
  document.body.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}
