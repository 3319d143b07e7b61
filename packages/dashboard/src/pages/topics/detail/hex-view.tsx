import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { VirtualList } from '../../../ui/virtual-list.tsx';
import { hexLine, hexLines } from '../../../values/payload-bytes.ts';

/** Pixels of a line. */
const LINE = 20;
/** Lines up to which the list is as high as they are. */
const MOST_LINES = 18;
/** Pixels that a line of sixteen bytes needs; a narrower one has eight. */
const WIDE = 600;

/** Bytes in hexadecimal, and the printable characters of them; of any length, since only the lines in sight are drawn. */
export function HexView({ bytes }: { readonly bytes: Uint8Array }) {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(16);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width < WIDE ? 8 : 16));
    observer.observe(ref.current!);
    return () => observer.disconnect();
  }, []);
  const lines = hexLines(bytes.length, width);
  const height = Math.min(lines, MOST_LINES) * LINE + 16;
  const row = useMemo(
    () => (index: number) => {
      const { offset, hex, text } = hexLine(bytes, index, width);
      return (
        <div key={index} class="topics-hex-line" role="listitem">
          <span class="topics-hex-offset">{offset}</span>
          <span>{hex}</span>
          <span class="topics-hex-text">{text}</span>
        </div>
      );
    },
    [bytes, width],
  );
  return (
    <div ref={ref} class="topics-hex" style={{ height: `${height}px` }}>
      <VirtualList label="Bytes of the payload" count={lines} rowHeight={LINE} row={row} />
    </div>
  );
}
