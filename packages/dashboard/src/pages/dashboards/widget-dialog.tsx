import type { Widget } from '@cauldron/broker/admin-api';
import { useState } from 'preact/hooks';
import { Button, TextField } from '../../ui/controls.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { kindOf } from '../../widgets/kinds.ts';
import { WidgetView } from '../../widgets/widget.tsx';
import { KindFields } from './fields/kind-fields.tsx';
import { NumberField } from './fields/number-field.tsx';
import { COLUMNS, MOST_ROWS } from './layout.ts';
import { problemsOf } from './problems.ts';

export interface WidgetDialogProps {
  readonly widget: Widget;
  readonly isNew: boolean;
  readonly onDone: (widget: Widget) => void;
  readonly onClose: () => void;
}

/** What a widget shows, and how; beside it the widget as it would be. */
export function WidgetDialog({ widget: given, isNew, onDone, onClose }: WidgetDialogProps) {
  const [widget, setWidget] = useState(given);
  const [tried, setTried] = useState(false);
  const kind = kindOf(widget.type);
  const problems = problemsOf(widget);
  const isWrong = Object.keys(problems).length > 0;
  const set = (change: Partial<Widget>): void => setWidget((old) => ({ ...old, ...change }) as Widget);
  const submit = (): void => {
    setTried(true);
    if (!isWrong) onDone(widget);
  };
  return (
    <Dialog
      title={isNew ? `New: ${kind.name}` : `Edit: ${kind.name}`}
      wide
      onClose={onClose}
      onSubmit={submit}
      actions={
        <>
          {tried && isWrong && <span class="field-error dashboards-wrong">Something above is missing or wrong.</span>}
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit">
            {isNew ? 'Add' : 'OK'}
          </Button>
        </>
      }
    >
      <div class="dashboards-dialog">
        <div class="stack">
          <KindFields widget={widget} problems={tried ? problems : {}} set={set} />
          <div class="fields dashboards-three">
            <TextField
              label="Title"
              value={widget.title}
              placeholder={kind.name}
              onInput={(title) => set({ title: title.slice(0, 200) })}
            />
            <NumberField
              label="Width, columns"
              value={widget.w}
              whole={[1, COLUMNS]}
              onChange={(w) => set({ w, x: Math.min(widget.x, COLUMNS - w) })}
            />
            <NumberField label="Height, rows" value={widget.h} whole={[1, MOST_ROWS]} onChange={(h) => set({ h })} />
          </div>
        </div>
        <div class="dashboards-preview">
          <div class="field-hint">Preview</div>
          <div class="dashboards-preview-room" data-type={widget.type} inert>
            <WidgetView widget={widget} />
          </div>
        </div>
      </div>
    </Dialog>
  );
}
