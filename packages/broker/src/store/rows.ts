import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

/** A prepared query whose rows come as arrays, which takes a third of the time of objects. */
export class RowQuery<Row extends readonly unknown[]> {
  readonly #statement: StatementSync;

  constructor(db: DatabaseSync, sql: string) {
    this.#statement = db.prepare(sql);
    this.#statement.setReturnArrays(true);
  }

  get(...parameters: SQLInputValue[]): Row | undefined {
    return this.#statement.get(...parameters) as unknown as Row | undefined;
  }

  all(...parameters: SQLInputValue[]): Row[] {
    return this.#statement.all(...parameters) as unknown as Row[];
  }

  /** Row by row: nothing else may use this query until it is through. */
  iterate(...parameters: SQLInputValue[]): IterableIterator<Row> {
    return this.#statement.iterate(...parameters) as unknown as IterableIterator<Row>;
  }
}
