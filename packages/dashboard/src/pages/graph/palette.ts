/** Colours of the picture, as the style sheet has them now. */
export interface Palette {
  readonly background: string;
  readonly text: string;
  readonly muted: string;
  readonly topic: string;
  readonly client: string;
  readonly off: string;
  /** Of messages on their way to a topic, and from it. */
  readonly publishes: string;
  readonly delivers: string;
  readonly onNode: string;
  readonly focus: string;
  readonly font: string;
  readonly dark: boolean;
}

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  const background = read('--surface');
  return {
    background,
    text: read('--text'),
    muted: read('--text-3'),
    topic: read('--series-1'),
    client: read('--series-3'),
    off: read('--off'),
    publishes: read('--series-2'),
    delivers: read('--series-1'),
    onNode: read('--on-tone'),
    focus: read('--accent'),
    font: read('--font'),
    dark: luminanceOf(background) < 0.4,
  };
}

/** From 0 to 1, of `#rrggbb`. */
function luminanceOf(color: string): number {
  const [r = 255, g = 255, b = 255] = (color.match(/[\da-f]{2}/gi) ?? []).map((part) => Number.parseInt(part, 16));
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}
