/**
 * Writes to a stream that may be slow, or may go away: `| head -1` closes it, which ends the work and is no error.
 */
export class Printer {
  readonly #stream: NodeJS.WritableStream;
  readonly #gone: () => void;
  /** Fulfilled when nobody reads any more. */
  readonly closed: Promise<void>;
  #corked = false;
  #drained: Promise<void> | undefined;
  #open = true;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#gone = () => {
      this.#open = false;
      resolve();
    };
    stream.on('error', this.#gone).on('close', this.#gone);
  }

  /** Writes; the promise, if there is one, tells when there is room for more. */
  write(bytes: Uint8Array): Promise<void> | undefined {
    if (!this.#open) return undefined;
    this.#cork();
    if (this.#stream.write(bytes)) return undefined;
    this.#drained ??= new Promise<void>((resolve) => {
      this.#stream.once('drain', resolve);
      void this.closed.then(resolve);
    }).finally(() => {
      this.#drained = undefined;
    });
    return this.#drained;
  }

  /** Gathers the writes of one turn into one, where the stream can. */
  #cork(): void {
    const stream = this.#stream as Partial<Pick<NodeJS.WriteStream, 'cork' | 'uncork'>>;
    if (this.#corked || stream.cork === undefined) return;
    this.#corked = true;
    stream.cork();
    process.nextTick(() => {
      this.#corked = false;
      stream.uncork?.();
    });
  }

  /** Leaves the stream to others. */
  release(): void {
    this.#stream.off('error', this.#gone).off('close', this.#gone);
  }
}
