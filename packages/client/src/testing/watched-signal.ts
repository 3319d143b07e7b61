/** A signal to abort, and how many listeners it has at the moment. */
export function watchedSignal(): { readonly controller: AbortController; readonly listeners: number } {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...parameters: Parameters<typeof add>) => {
    listeners += 1;
    add(...parameters);
  };
  signal.removeEventListener = (...parameters: Parameters<typeof remove>) => {
    listeners -= 1;
    remove(...parameters);
  };
  return {
    controller,
    get listeners() {
      return listeners;
    },
  };
}
