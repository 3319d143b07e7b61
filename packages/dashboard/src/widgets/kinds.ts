import type { Widget, WidgetOf, WidgetType } from '@cauldron/broker/admin-api';

/** A kind of widget, as the palette offers it. */
export interface WidgetKind<T extends WidgetType = WidgetType> {
  readonly type: T;
  readonly name: string;
  readonly about: string;
  /** What a new one is like; place and identifier come later. */
  readonly initial: Omit<WidgetOf<T>, 'id' | 'x' | 'y'>;
}

const source = { topic: '', path: '' };
const command = { topic: '', qos: 1, retain: false } as const;
const range = { min: 0, max: 100, unit: '', decimals: 1 };

const kind = <T extends WidgetType>(
  type: T,
  name: string,
  about: string,
  [w, h]: readonly [w: number, h: number],
  fields: Omit<WidgetOf<T>, 'id' | 'x' | 'y' | 'w' | 'h' | 'type' | 'title'>,
): WidgetKind => ({ type, name, about, initial: { type, title: '', w, h, ...fields } }) as unknown as WidgetKind;

/** All kinds, those that show before those that do. */
export const widgetKinds: readonly WidgetKind[] = [
  kind('gauge', 'Gauge', 'A number between two ends, with colours', [3, 3], { source, ...range, thresholds: [] }),
  kind('number', 'Number', 'A number in large digits, and how it went', [2, 2], {
    source,
    unit: '',
    decimals: 1,
    thresholds: [],
  }),
  kind('chart', 'Chart', 'One or several numbers over time', [6, 3], {
    series: [{ source, label: '' }],
    unit: '',
    decimals: 1,
    window: 300,
    min: null,
    max: null,
  }),
  kind('indicator', 'Indicator', 'On or off: is it there, is it open, is it well', [2, 2], {
    source,
    on: 'on',
    onLabel: 'on',
    offLabel: 'off',
    onColor: 'good',
    offColor: 'off',
  }),
  kind('text', 'Text', 'The last message as text, or a note of yours', [3, 2], { source, text: '' }),
  kind('log', 'Log', 'Messages as they come, of many topics at once', [4, 4], { filter: '', lines: 50 }),
  kind('image', 'Image', 'The last picture of a topic, for example of a camera', [4, 4], { source, fit: 'contain' }),
  kind('button', 'Button', 'Publishes a message when it is pressed', [2, 2], {
    command,
    payload: '',
    label: 'Press',
    color: 'primary',
  }),
  kind('switch', 'Switch', 'Turns something on and off, and shows what the device says', [2, 2], {
    command,
    onPayload: 'on',
    offPayload: 'off',
    feedback: null,
    on: 'on',
  }),
  kind('slider', 'Slider', 'Sets a number, and shows what the device says', [3, 2], {
    command,
    feedback: null,
    ...range,
    decimals: 0,
    step: 1,
  }),
];

export const kindOf = (type: WidgetType): WidgetKind => widgetKinds.find((one) => one.type === type)!;

/** What a widget is called: its title, or its kind. */
export const nameOf = (widget: Pick<Widget, 'title' | 'type'>): string =>
  widget.title.trim() === '' ? kindOf(widget.type).name : widget.title;

/** The topics whose last values a widget shows. */
export function topicsOf(widget: Widget): string[] {
  switch (widget.type) {
    case 'chart':
      return widget.series.map((one) => one.source.topic);
    case 'switch':
    case 'slider':
      return [statusSource(widget).topic];
    case 'text':
      return widget.source === null ? [] : [widget.source.topic];
    case 'gauge':
    case 'number':
    case 'indicator':
    case 'image':
      return [widget.source.topic];
    case 'button':
    case 'log':
      return [];
  }
}

/** Where a control sees how the device stands: its feedback, or else what was commanded last, by whomever. */
export const statusSource = ({ feedback, command: { topic } }: WidgetOf<'switch'> | WidgetOf<'slider'>) =>
  feedback ?? { topic, path: '' };
