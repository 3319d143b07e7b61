import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface TableWrapProps {
  /** What the table shows, for who scrolls it with keys. */
  readonly label: string;
  readonly children: ComponentChildren;
}

/** A table that scrolls sideways inside where the window is too narrow for it; then keys reach it, too. */
export function TableWrap({ label, children }: TableWrapProps) {
  const ref = useRef<HTMLDivElement>(null);
  const [scrolls, setScrolls] = useState(false);
  useLayoutEffect(() => {
    const element = ref.current!;
    const measure = (): void => setScrolls(element.scrollWidth > element.clientWidth);
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    for (const child of element.children) observer.observe(child);
    measure();
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={ref} class="table-wrap" {...(scrolls && { role: 'region', tabIndex: 0, 'aria-label': label })}>
      {children}
    </div>
  );
}
