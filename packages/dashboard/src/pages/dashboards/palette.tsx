import type { WidgetType } from '@cauldron/broker/admin-api';
import { Dialog } from '../../ui/dialog.tsx';
import { widgetKinds } from '../../widgets/kinds.ts';
import { KindPicture } from './kind-picture.tsx';

export interface PaletteProps {
  readonly onChoose: (type: WidgetType) => void;
  readonly onClose: () => void;
}

/** The kinds of widgets there are. */
export const Palette = ({ onChoose, onClose }: PaletteProps) => (
  <Dialog title="Add a widget" wide onClose={onClose}>
    <ul class="dashboards-palette">
      {widgetKinds.map(({ type, name, about }) => (
        <li key={type}>
          <button type="button" class="dashboards-kind" data-kind={type} onClick={() => onChoose(type)}>
            <KindPicture type={type} />
            <span>
              <b>{name}</b>
              <span class="muted small">{about}</span>
            </span>
          </button>
        </li>
      ))}
    </ul>
  </Dialog>
);
