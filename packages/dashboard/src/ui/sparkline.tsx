import { sparkPath } from './spark-path.ts';

export interface SparklineProps {
  /** Oldest first; null = nothing there. */
  readonly values: readonly (number | null)[];
  /** A custom property of the style sheet. */
  readonly color?: string;
}

/** A small drawing of how a number went, beside the number itself; it says nothing to screen readers. It fills its box. */
export function Sparkline({ values, color = '--series-1' }: SparklineProps) {
  const path = sparkPath(values, 120, 30);
  return (
    <svg class="sparkline" viewBox="0 0 120 30" preserveAspectRatio="none" aria-hidden="true">
      {path !== null && (
        <g style={{ color: `var(${color})` }}>
          <path d={path.area} fill="currentColor" opacity="0.14" />
          <path d={path.line} fill="none" stroke="currentColor" stroke-width="1.5" vector-effect="non-scaling-stroke" />
        </g>
      )}
    </svg>
  );
}
