/** Colours of subscriptions: custom properties of the style sheet, legible in light and dark, and what they are called. */
export const COLORS = [
  ['--series-1', 'teal'],
  ['--series-2', 'orange'],
  ['--series-3', 'blue'],
  ['--series-4', 'magenta'],
  ['--series-5', 'green'],
  ['--series-6', 'red'],
  ['--series-7', 'sky blue'],
  ['--series-8', 'ochre'],
] as const;

export type Color = (typeof COLORS)[number][0];

/** The colour that is used least, the first of several. */
export function nextColor(used: readonly Color[]): Color {
  const uses = COLORS.map(([color]) => used.filter((one) => one === color).length);
  return COLORS[uses.indexOf(Math.min(...uses))]![0];
}
