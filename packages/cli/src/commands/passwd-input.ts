/** Where `cauldron passwd` takes a password from, without showing it. */
import { createReadStream } from 'node:fs';
import { MAX_PASSWORD_LENGTH, PasswordFileError } from '@cauldron/broker/passwords';
import { type Io, UsageError } from '../command.ts';

export type PasswordSource =
  /** Asked for on a terminal, otherwise the first line of standard input. */
  | { readonly from: 'input' }
  /** The first line of standard input, also where that is a terminal. */
  | { readonly from: 'stream' }
  | { readonly from: 'file'; readonly file: string }
  | { readonly from: 'environment'; readonly name: string };

/** The part of a terminal that is used here; `process.stdin` has it where it is one. */
interface Terminal extends NodeJS.ReadableStream {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): void;
}

/**
 * The password of a user, as bytes.
 *
 * @throws {PasswordFileError} where there is none, it cannot be one, or the two that were typed differ
 */
export async function readPassword(
  source: PasswordSource,
  { user, twice }: { readonly user: string; readonly twice: boolean },
  io: Io,
): Promise<Uint8Array> {
  const password = await take(source, user, twice, io);
  if (password.length === 0) throw new PasswordFileError('the password is empty; nobody could log in with it');
  if (password.length > MAX_PASSWORD_LENGTH) {
    throw new PasswordFileError(`the password is longer than ${MAX_PASSWORD_LENGTH} bytes; take a shorter one`);
  }
  // A shell's variable cannot hold it, and mosquitto's hashes end at it.
  if (password.includes(0))
    throw new PasswordFileError('the password holds a zero byte, which many clients cannot send');
  return password;
}

async function take(source: PasswordSource, user: string, twice: boolean, io: Io): Promise<Uint8Array> {
  if (source.from === 'environment') {
    const value = io.env[source.name];
    if (value === undefined) throw new UsageError(`there is no environment variable ${source.name}`);
    return Buffer.from(value);
  }
  if (source.from === 'file') return fromFile(source.file);
  const terminal: Terminal = io.stdin;
  if (source.from === 'stream' || terminal.isTTY !== true) return firstLine(terminal);
  const password = await ask(`Password of ${user}: `, terminal, io);
  if (twice && !password.equals(await ask('The same again: ', terminal, io))) {
    throw new PasswordFileError('the two passwords differ; nothing was changed');
  }
  return password;
}

async function fromFile(file: string): Promise<Uint8Array> {
  try {
    return await firstLine(createReadStream(file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new PasswordFileError(`the password cannot be read from ${file}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** What stands before the first line feed, and before a carriage return there. */
async function firstLine(stream: NodeJS.ReadableStream): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    length += bytes.length;
    if (bytes.includes(10) || length > MAX_PASSWORD_LENGTH + 2) break;
  }
  const all = Buffer.concat(chunks);
  const end = all.indexOf(10);
  const line = end < 0 ? all : all.subarray(0, end);
  return end >= 0 && line.at(-1) === 13 ? line.subarray(0, -1) : line;
}

/** Asks on a terminal, which shows nothing of what is typed. @throws {PasswordFileError} where Ctrl-C or Ctrl-D came */
function ask(question: string, terminal: Terminal, io: Io): Promise<Buffer> {
  io.stderr.write(question);
  terminal.setRawMode?.(true);
  return new Promise<Buffer>((resolve, reject) => {
    let typed: number[] = [];
    const finish = (act: () => void) => {
      terminal.removeListener('data', onData).removeListener('end', onEnd);
      terminal.setRawMode?.(false);
      terminal.pause();
      io.stderr.write('\n');
      act();
    };
    const stop = () => finish(() => reject(new PasswordFileError('interrupted; nothing was changed')));
    const onEnd = () => stop();
    const onData = (chunk: Buffer | string) => {
      const bytes = Buffer.from(chunk as string);
      for (const [index, byte] of bytes.entries()) {
        if (byte === 3 || byte === 4) return stop();
        if (byte === 10 || byte === 13) {
          return finish(() => {
            // Pasted or typed ahead: it belongs to the next question.
            if (index + 1 < bytes.length) terminal.unshift(bytes.subarray(index + 1));
            resolve(Buffer.from(typed));
          });
        }
        typed = edited(typed, byte);
      }
    };
    terminal.on('data', onData).on('end', onEnd);
    terminal.resume();
  });
}

/** Backspace takes the last character, Ctrl-U all of them. */
function edited(typed: number[], byte: number): number[] {
  if (byte === 21) return [];
  if (byte !== 8 && byte !== 127) return [...typed, byte];
  let end = typed.length - 1;
  // A character of UTF-8 may be several bytes, of which all but the first begin with the bits 10.
  while (end > 0 && (typed[end]! & 0xc0) === 0x80) end -= 1;
  return typed.slice(0, Math.max(end, 0));
}
