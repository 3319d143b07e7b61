/** What users put together: `/api/v1/dashboards`. The same form is what is exported and imported. */
import { z } from 'zod';
import { count, qos, time } from './common.ts';

const topic = z.string().min(1).max(1024);

/** Where a number or text is found. */
const source = z.strictObject({
  /** Topic name, without wildcards; of a log a filter. */
  topic,
  /** Where in a JSON payload: `$.sensor.temperature`, `$.values[0]`, `$["odd name"]`; empty = the whole payload. */
  path: z.string().max(1024).default(''),
});

/** What is published when somebody uses it. */
const command = z.strictObject({
  topic,
  qos: qos.default(1),
  retain: z.boolean().default(false),
});

const place = {
  id: z.string().min(1).max(64),
  title: z.string().max(200).default(''),
  /** Columns of twelve, and rows of 80 pixels. */
  x: z.number().int().min(0).max(11),
  y: z.number().int().min(0).max(10_000),
  w: z.number().int().min(1).max(12),
  h: z.number().int().min(1).max(20),
};

const range = {
  min: z.number().default(0),
  max: z.number().default(100),
  unit: z.string().max(20).default(''),
  /** Digits behind the point. */
  decimals: z.number().int().min(0).max(6).default(1),
};

/** A colour from this value on. */
const threshold = z.strictObject({ from: z.number(), color: z.enum(['good', 'warn', 'bad', 'info']) });

export const widget = z.discriminatedUnion('type', [
  z.strictObject({
    ...place,
    type: z.literal('gauge'),
    source,
    ...range,
    thresholds: z.array(threshold).max(10).default([]),
  }),
  z.strictObject({
    ...place,
    type: z.literal('number'),
    source,
    unit: range.unit,
    decimals: range.decimals,
    thresholds: z.array(threshold).max(10).default([]),
  }),
  z.strictObject({
    ...place,
    type: z.literal('chart'),
    series: z
      .array(z.strictObject({ source, label: z.string().max(100).default('') }))
      .min(1)
      .max(8),
    unit: range.unit,
    decimals: range.decimals,
    /** Seconds that are shown. */
    window: z.number().int().min(10).max(86_400).default(300),
    min: z.number().nullable().default(null),
    max: z.number().nullable().default(null),
  }),
  z.strictObject({
    ...place,
    type: z.literal('indicator'),
    source,
    /** Payload, or value at the path, that means on; anything else is off. */
    on: z.string().max(1024).default('on'),
    onLabel: z.string().max(50).default('on'),
    offLabel: z.string().max(50).default('off'),
    onColor: z.enum(['good', 'warn', 'bad', 'info']).default('good'),
    offColor: z.enum(['good', 'warn', 'bad', 'info', 'off']).default('off'),
  }),
  z.strictObject({
    ...place,
    type: z.literal('button'),
    command,
    payload: z.string().max(65_536).default(''),
    label: z.string().max(100).default('Press'),
    color: z.enum(['primary', 'good', 'warn', 'bad']).default('primary'),
  }),
  z.strictObject({
    ...place,
    type: z.literal('switch'),
    command,
    onPayload: z.string().max(65_536).default('on'),
    offPayload: z.string().max(65_536).default('off'),
    /** Where the device says how it stands; null = the switch shows what it sent last. */
    feedback: source.nullable().default(null),
    /** What there means on. */
    on: z.string().max(1024).default('on'),
  }),
  z.strictObject({
    ...place,
    type: z.literal('slider'),
    command,
    feedback: source.nullable().default(null),
    ...range,
    step: z.number().positive().default(1),
  }),
  z.strictObject({
    ...place,
    type: z.literal('text'),
    source: source.nullable().default(null),
    /** Shown where there is no source. */ text: z.string().max(10_000).default(''),
  }),
  z.strictObject({
    ...place,
    type: z.literal('log'),
    filter: topic,
    lines: z.number().int().min(5).max(500).default(50),
  }),
  z.strictObject({ ...place, type: z.literal('image'), source, fit: z.enum(['contain', 'cover']).default('contain') }),
]);

const contents = {
  name: z.string().min(1).max(100),
  description: z.string().max(1000).default(''),
  widgets: z.array(widget).max(200).default([]),
};

/** What is exported and imported. */
export const dashboardDocument = z.strictObject({
  /** Version of this form. */
  cauldronDashboard: z.literal(1).default(1),
  ...contents,
});

/** One that is kept. */
export const dashboard = z.object({
  id: z.string().min(1).max(64),
  /** Grows with each change; a change says which it is based on, so that two people do not undo each other's. */
  revision: count,
  changedAt: time,
  ...contents,
});

export const dashboardSummary = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  widgets: count,
  revision: count,
  changedAt: time,
});

export const dashboardsList = z.object({
  items: z.array(dashboardSummary),
  /** False: they are gone when the broker stops, since it keeps nothing on the disk. */
  kept: z.boolean(),
});

export const dashboardUpdate = z.strictObject({ revision: count, ...contents });

export type Source = z.output<typeof source>;
export type Command = z.output<typeof command>;
export type Threshold = z.output<typeof threshold>;
export type Widget = z.output<typeof widget>;
export type WidgetType = Widget['type'];
export type WidgetOf<T extends WidgetType> = Extract<Widget, { type: T }>;
export type WidgetInput = z.input<typeof widget>;
export type DashboardDocument = z.output<typeof dashboardDocument>;
export type DashboardDocumentInput = z.input<typeof dashboardDocument>;
export type Dashboard = z.output<typeof dashboard>;
export type DashboardSummary = z.output<typeof dashboardSummary>;
export type DashboardsList = z.output<typeof dashboardsList>;
export type DashboardUpdate = z.input<typeof dashboardUpdate>;
