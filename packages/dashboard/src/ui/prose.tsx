import { Fragment } from 'preact';

/** A sentence of the broker in which commands stand between backticks, shown as commands. */
export const Prose = ({ text }: { readonly text: string }) => (
  <>
    {text.split('`').map((part, index) => (
      <Fragment key={index}>{index % 2 === 1 ? <code>{part}</code> : part}</Fragment>
    ))}
  </>
);
