import type { Widget } from '@cauldron/broker/admin-api';
import type { Problems } from '../problems.ts';

/** What the fields of one kind get. */
export interface FieldsProps<W extends Widget> {
  readonly widget: W;
  readonly problems: Problems;
  readonly set: (change: Partial<W>) => void;
}
