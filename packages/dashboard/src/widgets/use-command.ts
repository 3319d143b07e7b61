import type { Command, PublishRequest, PublishResult } from '@cauldron/broker/admin-api';
import { useEffect, useRef, useState } from 'preact/hooks';
import { post } from '../data/api.ts';
import { asFailure } from '../data/use-resource.ts';
import * as commanding from './commanding.ts';

/** MQTT 5.0 section 2.4: reason codes from here on are failures. */
const FAILURES = 0x80;

/**
 * Publishes a command.
 *
 * @returns whether somebody had subscribed
 * @throws {ApiFailure} the broker did not take it
 */
export async function publishCommand({ topic, qos, retain }: Command, payload: string): Promise<boolean> {
  const request: PublishRequest = { topic, payload, qos, retain };
  const { reasonCode, matched, message } = await post<PublishResult>('/publish', request);
  if (reasonCode >= FAILURES) throw new Error(message);
  return matched;
}

export interface CommandOptions<T> {
  readonly command: Command;
  /** What the device says; null = nothing yet, or nothing that can be read. */
  readonly reported: T | null;
  /** Changes with each message of the device, also one that says the same again. */
  readonly message: unknown;
  readonly same?: (a: T, b: T) => boolean;
}

/** A command and its confirmation. `send` may be called often: of what comes while one is on its way, the newest counts. */
export function useCommand<T>({ command, reported, message, same = Object.is }: CommandOptions<T>) {
  const [state, setState] = useState<commanding.CommandState<T>>(commanding.nothingCommanded);
  const latest = useRef(command);
  latest.current = command;
  useEffect(() => {
    if (reported !== null) setState((old) => commanding.reported(old, reported, same));
  }, [reported, message]);
  useEffect(() => {
    if (state.wanted === null) return undefined;
    const timer = setTimeout(
      () => setState((old) => commanding.waited(old, Date.now())),
      Math.max(0, state.since + commanding.ANSWER_WITHIN - Date.now()) + 10,
    );
    return () => clearTimeout(timer);
  }, [state.wanted, state.since]);
  const [queue] = useState(
    () =>
      new commanding.Latest<string>((payload) =>
        publishCommand(latest.current, payload).then(
          () => undefined,
          (error: unknown) => setState((old) => commanding.refused(old, asFailure(error).message)),
        ),
      ),
  );
  const send = (wanted: T, payload: string): void => {
    setState((old) => commanding.asked(old, wanted, Date.now()));
    queue.push(payload);
  };
  return { state, shown: commanding.shownOf(state), send };
}
