import { spawn } from 'node:child_process';

/** A program to start, with its arguments. */
export interface Opener {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * How a link is opened in the user's browser; null where that would surprise: nobody sits at a desktop of this machine
 * (SSH, CI, Linux without a display), or nobody looks at what is printed.
 *
 * @param isTerminal standard output is one
 */
export function openerFor(
  url: string,
  platform: NodeJS.Platform,
  env: NodeJS.ProcessEnv,
  isTerminal: boolean,
): Opener | null {
  const isRemote = ['CI', 'SSH_CONNECTION', 'SSH_CLIENT', 'SSH_TTY'].some((name) => (env[name] ?? '') !== '');
  if (!isTerminal || isRemote) return null;
  if (platform === 'darwin') return { command: 'open', args: [url] };
  // `start` takes its first quoted argument for the title of a window.
  if (platform === 'win32') return { command: 'cmd', args: ['/c', 'start', '""', url] };
  const hasDisplay = (env.DISPLAY ?? '') !== '' || (env.WAYLAND_DISPLAY ?? '') !== '';
  return hasDisplay ? { command: 'xdg-open', args: [url] } : null;
}

/** Starts it and does not wait. Where it cannot be started nothing happens: the link was printed. */
export function startOpener({ command, args }: Opener): void {
  spawn(command, args, { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref();
}
