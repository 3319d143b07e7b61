/** Why nothing is read from a client, in bits; it is read from again when none is left. */
export const Hold = {
  /** More waits for the store than may, until it has caught up. */
  store: 1,
  /** The client reads none of its answers, until it has. */
  output: 2,
  /** It sends more than its rate allows, until it is back within it. */
  rate: 4,
  /** It has had its share of this turn, until the others had theirs. */
  turn: 8,
} as const;
export type Hold = (typeof Hold)[keyof typeof Hold];

/** While these hold, a client's silence is ours: what it sent is not read. */
export const OUR_SILENCE = Hold.store | Hold.rate | Hold.turn;
