/** A connection that has had its share of this turn of the event loop. */
export interface Reader {
  /** The others had their turn. */
  readOn(): void;
}

let waiting: Reader[] = [];
let spare: Reader[] = [];

/**
 * Lets a connection read on in the next turn. A socket whose data keeps coming would otherwise be read many times in a
 * row, and one client that floods would hold up all others for tens of milliseconds.
 */
export function readNextTurn(reader: Reader): void {
  if (waiting.length === 0) setImmediate(nextTurn);
  waiting.push(reader);
}

function nextTurn(): void {
  const readers = waiting;
  waiting = spare;
  spare = readers;
  for (const reader of readers) reader.readOn();
  readers.length = 0;
}
