import type { Widget } from '@cauldron/broker/admin-api';
import type { CSSProperties } from 'preact';

/** What edit mode does with widgets. */
export interface GridEdit {
  /** Widgets are elsewhere, or of another size. */
  readonly onPlace: (widgets: readonly Widget[]) => void;
  readonly onEdit: (id: string) => void;
  readonly onCopy: (id: string) => void;
  readonly onDelete: (id: string) => void;
  /** There is one column only, so order is all there is. */
  readonly narrow: boolean;
}

/** A place on the grid as custom properties, which the style sheet uses. */
export const placeStyle = ({ x, y, w, h }: Pick<Widget, 'x' | 'y' | 'w' | 'h'>, order: number): CSSProperties =>
  ({ '--x': x + 1, '--y': y + 1, '--w': w, '--h': h, '--order': order }) as CSSProperties;
