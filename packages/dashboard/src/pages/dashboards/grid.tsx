import type { Widget } from '@cauldron/broker/admin-api';
import { useRef, useState } from 'preact/hooks';
import { WidgetView } from '../../widgets/widget.tsx';
import { EditableCell, placeWords } from './editable-cell.tsx';
import { type GridEdit, placeStyle } from './grid-parts.ts';
import { readingOrder } from './layout.ts';
import { useDrag } from './use-drag.ts';

export interface GridProps {
  readonly widgets: readonly Widget[];
  /** null = to be looked at and used. */
  readonly edit: GridEdit | null;
}

/** The widgets of a dashboard. */
export function Grid({ widgets, edit }: GridProps) {
  const ref = useRef<HTMLDivElement>(null);
  const drag = useDrag(ref, widgets, (placed) => edit?.onPlace(placed));
  const [moved, setMoved] = useState<string | null>(null);
  const spoken = widgets.find(({ id }) => id === moved);
  const inOrder = [...drag.widgets].sort(readingOrder);
  const orders = new Map(inOrder.map(({ id }, index) => [id, index]));
  // While they are moved about they stay where they are in the document: an element that is moved there loses the focus.
  const drawn = edit === null ? inOrder : drag.widgets;
  return (
    <div ref={ref} class={`dashboards-grid ${edit === null ? '' : 'editing'}`}>
      {drawn.map((widget) => {
        const order = orders.get(widget.id)!;
        return (
          <EditableCell
            key={widget.id}
            widget={widget}
            order={order}
            edit={edit}
            drag={drag}
            all={widgets}
            onMoved={setMoved}
          >
            <WidgetView widget={widget} />
          </EditableCell>
        );
      })}
      {edit !== null && (
        <span class="visually-hidden" role="status">
          {spoken !== undefined && placeWords(spoken)}
        </span>
      )}
      {drag.ghost !== null && <div class="dashboards-ghost" style={placeStyle(drag.ghost, 0)} />}
    </div>
  );
}
