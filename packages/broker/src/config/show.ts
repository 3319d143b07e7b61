import type { LoadedConfig } from './load.ts';
import { formatPath, leavesOf, valueAt } from './tree.ts';

/** One value of a loaded configuration. */
export interface ShownSetting {
  /** `limits.maxPacketSize` */
  readonly key: string;
  readonly value: unknown;
  /** `default`, `cauldron.toml:3`, an environment variable or a flag. */
  readonly from: string;
}

/** Every value of a configuration and where it came from; optional values that nobody gave are left out. */
export function listSettings(loaded: LoadedConfig): ShownSetting[] {
  return [...leavesOf(loaded.config)].flatMap(([path]) => {
    const value = valueAt(loaded.config, path);
    if (value === undefined) return [];
    const { source, file, line } = loaded.originOf(path) ?? {};
    const place = line === undefined ? file : `${file}:${line}`;
    return [{ key: formatPath(path), value, from: source ?? place ?? 'default' }];
  });
}
