import { useEffect, useState } from 'preact/hooks';

/** Whether a media query holds now; draws again when that changes. */
export function useMedia(query: string): boolean {
  const [holds, setHolds] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const changed = (): void => setHolds(media.matches);
    media.addEventListener('change', changed);
    changed();
    return () => media.removeEventListener('change', changed);
  }, [query]);
  return holds;
}

/** The page is as narrow as a phone. */
export const useNarrow = (): boolean => useMedia('(max-width: 820px)');
