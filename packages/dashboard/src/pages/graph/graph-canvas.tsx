import type { Graph } from '@cauldron/broker/admin-api';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { Button } from '../../ui/controls.tsx';
import { onThemeChange } from '../../ui/theme.ts';
import { listenToGestures } from './gestures.ts';
import { isGroup } from './scene.ts';
import { Stage } from './stage.ts';
import type { Direction } from './toward.ts';

export interface GraphCanvasProps {
  readonly graph: Graph;
  readonly paused: boolean;
  readonly selected: string | null;
  readonly onSelect: (id: string | null) => void;
  /** Opens a group. */
  readonly onOpen: (id: string) => void;
}

const ARROWS: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};
/** Pixels that Shift and an arrow key move the picture. */
const PAN = 60;
const ZOOM = 1.3;

/** The moving picture, with mouse, fingers and keys. */
export function GraphCanvas(props: GraphCanvasProps) {
  const { graph, paused, selected } = props;
  const box = useRef<HTMLDivElement>(null);
  const base = useRef<HTMLCanvasElement>(null);
  const top = useRef<HTMLCanvasElement>(null);
  const stage = useRef<Stage | null>(null);
  const latest = useRef(props);
  latest.current = props;

  useLayoutEffect(() => {
    const [made, end] = setUp(box.current!, base.current!, top.current!, () => latest.current);
    stage.current = made;
    return end;
  }, []);
  useEffect(() => {
    if (!paused) stage.current?.show(graph);
  }, [graph, paused]);
  useEffect(() => stage.current?.setPaused(paused), [paused]);
  useEffect(() => stage.current?.select(selected), [selected]);

  return (
    <div
      ref={box}
      class="graph-canvas"
      role="application"
      tabIndex={0}
      aria-label={`Graph of ${graph.nodes.length} nodes. Arrow keys go from node to node, Enter opens a group, plus and minus zoom, 0 shows all. The table has the same as text.`}
      onKeyDown={(event) => pressed(event, stage.current!, latest.current)}
    >
      <canvas ref={base} />
      <canvas ref={top} />
      <div class="graph-zoom">
        <Button small icon="plus" label="Zoom in" onClick={() => stage.current?.zoomBy(ZOOM)} />
        <Button small icon="minus" label="Zoom out" onClick={() => stage.current?.zoomBy(1 / ZOOM)} />
        <Button small icon="move" label="Show all" onClick={() => stage.current?.fit()} />
      </div>
    </div>
  );
}

/** A stage on these canvases, and what ends it. */
function setUp(
  box: HTMLElement,
  base: HTMLCanvasElement,
  top: HTMLCanvasElement,
  props: () => GraphCanvasProps,
): readonly [Stage, () => void] {
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  const stage = new Stage(base, top, still.matches);
  const stillChanged = (): void => stage.setStill(still.matches);
  still.addEventListener('change', stillChanged);
  const observer = new ResizeObserver(() => stage.resize(box.clientWidth, box.clientHeight));
  observer.observe(box);
  stage.resize(box.clientWidth, box.clientHeight);
  const ends = [
    onThemeChange(() => stage.recolor()),
    listenToGestures(top, {
      panBy: (dx, dy) => stage.panBy(dx, dy),
      zoomBy: (factor, at) => stage.zoomBy(factor, at),
      hover: (at) => {
        const body = at === null ? null : stage.at(at);
        top.style.cursor = body === null ? 'grab' : 'pointer';
        stage.hover(body);
      },
      tap: (at) => props().onSelect(stage.at(at)?.id ?? null),
      doubleTap: (at) => {
        const body = stage.at(at);
        if (body !== null && isGroup(body.node)) props().onOpen(body.id);
      },
    }),
  ];
  return [
    stage,
    () => {
      for (const end of ends) end();
      still.removeEventListener('change', stillChanged);
      observer.disconnect();
      stage.end();
    },
  ];
}

function pressed(event: KeyboardEvent, stage: Stage, { selected, onSelect, onOpen }: GraphCanvasProps): void {
  // Those of the buttons on the picture are their own.
  if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
  const direction = ARROWS[event.key];
  if (direction !== undefined && event.shiftKey) {
    const [dx, dy] = { left: [PAN, 0], right: [-PAN, 0], up: [0, PAN], down: [0, -PAN] }[direction] as [number, number];
    stage.panBy(dx, dy);
  } else if (direction !== undefined) onSelect(stage.toward(direction)?.id ?? selected);
  else if (event.key === '+' || event.key === '=') stage.zoomBy(ZOOM);
  else if (event.key === '-') stage.zoomBy(1 / ZOOM);
  else if (event.key === '0') stage.fit();
  else if (event.key === 'Escape') onSelect(null);
  else if (event.key === 'Enter' && selected !== null) {
    const body = stage.scene.body(selected);
    if (body !== undefined && isGroup(body.node)) onOpen(body.id);
  } else return;
  event.preventDefault();
}
