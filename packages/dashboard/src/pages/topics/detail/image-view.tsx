import type { TopicValue } from '@cauldron/broker/admin-api';
import { useEffect, useState } from 'preact/hooks';
import { Note } from '../../../ui/controls.tsx';
import { payloadBytes } from '../../../values/payload-bytes.ts';

export interface ImageViewProps {
  readonly value: TopicValue;
  /** Media type: `image/png`. */
  readonly type: string;
}

/** A payload as a picture. It is drawn as an image and never as a page, so nothing in it runs. */
export function ImageView({ value, type }: ImageViewProps) {
  const [size, setSize] = useState<string>();
  const [failed, setFailed] = useState(false);
  const { encoding, data, truncated } = value.payload;
  const address = useBlob(truncated ? null : { encoding, data }, type);
  if (truncated) {
    return (
      <Note>
        Only the beginning of this image was kept, since nobody had opened its topic. The next one that comes is shown
        whole.
      </Note>
    );
  }
  if (failed) return <Note tone="warn">The browser cannot show this image ({type}). Its bytes are under Hex.</Note>;
  return (
    <figure class="topics-image">
      {address !== null && (
        <img
          src={address}
          alt={`The last message of ${value.topic}`}
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
            setSize(`${naturalWidth} × ${naturalHeight} pixels`)
          }
          onError={() => setFailed(true)}
        />
      )}
      <figcaption class="muted small">
        {type}
        {size !== undefined && `, ${size}`}
      </figcaption>
    </figure>
  );
}

/** An address for bytes, as long as they are shown. */
function useBlob(payload: Pick<TopicValue['payload'], 'encoding' | 'data'> | null, type: string): string | null {
  const [address, setAddress] = useState<string | null>(null);
  const data = payload?.data;
  useEffect(() => {
    if (payload === null) return undefined;
    const url = URL.createObjectURL(new Blob([payloadBytes(payload)], { type }));
    setAddress(url);
    return () => URL.revokeObjectURL(url);
  }, [data, type]);
  return address;
}

/** The media type to show a message as; null = it is no image. */
export function imageTypeOf({ mediaType, properties, payload }: TopicValue): string | null {
  if (mediaType?.startsWith('image/')) return mediaType;
  const said = properties?.contentType;
  if (said !== undefined && /^image\/[\w.+-]+$/.test(said)) return said;
  return payload.encoding === 'utf8' && /^\s*(?:<\?xml[^>]*>\s*)?<svg[\s>]/.test(payload.data) ? 'image/svg+xml' : null;
}
