import type { Widget } from '@cauldron/broker/admin-api';
import type { ComponentChildren, CSSProperties } from 'preact';
import { Button } from '../../ui/controls.tsx';
import { Icon } from '../../ui/icon.tsx';
import { nameOf } from '../../widgets/kinds.ts';
import { type GridEdit, placeStyle } from './grid-parts.ts';
import { nudge, swapInOrder } from './layout.ts';
import type { Drag } from './use-drag.ts';

export interface EditableCellProps {
  readonly widget: Widget;
  /** Its place among all, as people read. */
  readonly order: number;
  readonly edit: GridEdit | null;
  readonly drag: Drag;
  readonly all: readonly Widget[];
  /** Told where the widget is once it was moved or sized by keys. */
  readonly onMoved: (id: string) => void;
  readonly children: ComponentChildren;
}

const ARROWS: Readonly<Record<string, readonly [dx: number, dy: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Where a widget is, as it is told to who cannot see it. */
export const placeWords = ({ x, y, w, h }: Widget): string => `column ${x + 1}, row ${y + 1}, ${w} wide, ${h} high`;

/** A widget on the grid; in edit mode with what moves, sizes, changes and removes it. */
export function EditableCell({ widget, order, edit, drag, all, onMoved, children }: EditableCellProps) {
  const offset = drag.offset?.id === widget.id ? drag.offset : null;
  const style: CSSProperties = {
    ...placeStyle(widget, order),
    ...(offset !== null && { transform: `translate(${offset.dx}px, ${offset.dy}px)` }),
  };
  if (edit === null) {
    return (
      <div class="dashboards-cell" style={style}>
        <div class="dashboards-cell-content">{children}</div>
      </div>
    );
  }
  const { id } = widget;
  const byKey = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget) return;
    const arrow = ARROWS[event.key];
    if (arrow !== undefined) {
      const [dx, dy] = arrow;
      onMoved(id);
      if (event.shiftKey) edit.onPlace(nudge(all, id, 'size', edit.narrow ? 0 : dx, dy));
      else if (edit.narrow) edit.onPlace(dy === 0 ? all : swapInOrder(all, id, dy < 0 ? -1 : 1));
      else edit.onPlace(nudge(all, id, 'move', dx, dy));
    } else if (event.key === 'Enter') edit.onEdit(id);
    else if (event.key === 'Delete' || event.key === 'Backspace') edit.onDelete(id);
    else return;
    event.preventDefault();
  };
  const name = nameOf(widget);
  const canDrag = !edit.narrow;
  const dragging = { onPointerMove: drag.move, onPointerUp: drag.end, onPointerCancel: drag.end };
  return (
    <div
      class={`dashboards-cell editing ${offset === null ? '' : 'moving'}`}
      style={style}
      data-widget={id}
      tabIndex={0}
      role="group"
      aria-label={`${name}, ${placeWords(widget)}`}
      aria-describedby="dashboards-keys"
      onKeyDown={byKey}
    >
      <div class="dashboards-cell-content" inert>
        {children}
      </div>
      <div
        class="dashboards-cell-surface"
        onDblClick={() => edit.onEdit(id)}
        {...(canDrag && {
          // With a finger the page scrolls; for moving there is the handle.
          onPointerDown: (event: PointerEvent) => {
            if (event.pointerType === 'touch') return;
            drag.start(event, id, 'move');
            (event.currentTarget as HTMLElement).parentElement?.focus({ preventScroll: true });
          },
          ...dragging,
        })}
      />
      <div class="dashboards-cell-tools">
        {canDrag ? (
          <span
            class="dashboards-handle"
            title="Drag to move"
            onPointerDown={(event) => drag.start(event, id, 'move')}
            {...dragging}
          >
            <Icon name="move" size={16} />
          </span>
        ) : (
          <>
            <Button
              small
              kind="quiet"
              icon="up"
              label={`Move ${name} up`}
              onClick={() => edit.onPlace(swapInOrder(all, id, -1))}
            />
            <Button
              small
              kind="quiet"
              icon="down"
              label={`Move ${name} down`}
              onClick={() => edit.onPlace(swapInOrder(all, id, 1))}
            />
          </>
        )}
        <Button small kind="quiet" icon="edit" label={`Edit ${name}`} title="Edit" onClick={() => edit.onEdit(id)} />
        <span class="dashboards-more">
          <Button
            small
            kind="quiet"
            icon="copy"
            label={`Duplicate ${name}`}
            title="Duplicate"
            onClick={() => edit.onCopy(id)}
          />
          <Button
            small
            kind="quiet"
            icon="trash"
            label={`Delete ${name}`}
            title="Delete"
            onClick={() => edit.onDelete(id)}
          />
        </span>
      </div>
      {canDrag && (
        <span
          class="dashboards-resize"
          title="Drag to resize"
          onPointerDown={(event) => drag.start(event, id, 'size')}
          {...dragging}
        >
          <Icon name="resize" size={14} />
        </span>
      )}
    </div>
  );
}
