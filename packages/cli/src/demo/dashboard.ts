import type { DashboardDocumentInput, WidgetInput } from '@cauldron/broker/admin-api';
import { TARGET } from './thermometer.ts';

/** Identifier of the dashboard: the last part of its link. */
export const DEMO_DASHBOARD = 'demo';

/** A widget's place: columns of twelve, and rows. */
type Place = readonly [x: number, y: number, w: number, h: number];

const at = ([x, y, w, h]: Place) => ({ x, y, w, h });
const of = (topic: string, path = '') => ({ topic: `demo/${topic}`, path });
const command = (topic: string, retain: boolean) => ({ topic: `demo/${topic}/set`, qos: 1 as const, retain });

const TRY = `Move the slider.

Pull a plug: nobody says goodbye, so the broker publishes the will.`;

const status = (device: string, title: string, place: Place): WidgetInput => ({
  id: `${device}-status`,
  type: 'indicator',
  title,
  ...at(place),
  source: of(`${device}/status`),
  on: 'online',
  onLabel: 'online',
  offLabel: 'offline',
  onColor: 'good',
  offColor: 'bad',
});

const plug = (device: string, title: string, place: Place): WidgetInput => ({
  id: `${device}-plug`,
  type: 'switch',
  title,
  ...at(place),
  // Not retained: a plug is pulled now, and not once more when the demo starts the next time.
  command: command(`${device}/plug`, false),
  feedback: of(`${device}/plug`),
});

const temperature = of('thermometer/temperature', '$.celsius');
const degrees = { unit: '°C', decimals: 1 };

const widgets: WidgetInput[] = [
  {
    id: 'gauge',
    type: 'gauge',
    title: 'Temperature',
    ...at([0, 0, 3, 3]),
    source: temperature,
    ...degrees,
    min: TARGET.min,
    max: TARGET.max,
    thresholds: [
      { from: TARGET.min, color: 'info' },
      { from: 18, color: 'good' },
      { from: 24, color: 'warn' },
      { from: 28, color: 'bad' },
    ],
  },
  { id: 'number', type: 'number', title: 'Now', ...at([0, 3, 3, 1]), source: temperature, ...degrees },
  {
    id: 'target',
    type: 'slider',
    title: 'Target',
    ...at([0, 4, 3, 2]),
    ...degrees,
    min: TARGET.min,
    max: TARGET.max,
    step: 0.5,
    command: command('thermometer/target', true),
    feedback: of('thermometer/target'),
  },
  {
    id: 'chart',
    type: 'chart',
    title: 'Temperature and target',
    ...at([3, 0, 6, 2]),
    ...degrees,
    window: 120,
    series: [
      { source: temperature, label: 'temperature' },
      { source: of('thermometer/temperature', '$.target'), label: 'target' },
    ],
  },
  status('thermometer', 'Thermometer', [3, 2, 2, 2]),
  plug('thermometer', 'Thermo plug', [5, 2, 2, 2]),
  {
    id: 'buzzer',
    type: 'button',
    title: 'Buzzer',
    ...at([7, 2, 2, 2]),
    label: 'Buzz',
    color: 'warn',
    command: command('lamp/buzzer', false),
    payload: '1000',
  },
  status('lamp', 'Lamp', [3, 4, 2, 2]),
  plug('lamp', 'Lamp plug', [5, 4, 2, 2]),
  {
    id: 'led',
    type: 'switch',
    title: 'LED',
    ...at([7, 4, 2, 2]),
    command: command('lamp/led', true),
    feedback: of('lamp/led'),
  },
  { id: 'text', type: 'text', title: 'What to try', ...at([9, 0, 3, 2]), text: TRY },
  { id: 'log', type: 'log', title: 'Everything below demo/', ...at([9, 2, 3, 4]), filter: 'demo/#', lines: 100 },
];

/** What the demo opens on: all of it fits a laptop's screen, and a projector's. */
export const demoDashboard: DashboardDocumentInput = {
  name: 'Demo',
  description: 'A thermometer and a lamp that cauldron demo simulates',
  widgets,
};
