/** How much the traffic that somebody watches may cost. Each limit says what it protects. */

/**
 * Messages a millisecond that are looked at, not only counted: at some 400 ns each, 10,000 a second take less than half a
 * percent of a processor core.
 */
export const COPIES_PER_MS = 10;

/** Looks that may be saved up: a burst of so many, or of twice that at half of them, is seen whole. */
export const COPIES_SAVED = 5000;

/** Looks kept back for topics of which nothing was seen in this tick yet, so that a busy topic hides no quiet one. */
export const COPIES_FOR_QUIET = 500;

/** Topics a millisecond that are searched by name because the core does not know their record: about 300 ns each. */
export const LOOKUPS_PER_MS = 25;
export const LOOKUPS_SAVED = 5000;

/** Bytes of a payload that are kept: what a person reads at once. */
export const PAYLOAD_KEPT = 4096;

/** Bytes of a payload that are kept of a topic that somebody has opened: an image, a large document. */
export const PAYLOAD_FOLLOWED = 1024 * 1024;

/** Bytes of all kept payloads; beyond it {@link PAYLOAD_SHORT} of each are. */
export const PAYLOADS_IN_ALL = 64 * 1024 * 1024;

/** Enough for a number and the line of a row. */
export const PAYLOAD_SHORT = 128;

/** Bytes of MQTT 5.0 properties that are kept with a payload. */
export const PROPERTIES_KEPT = 4096;

/** Publishers remembered of a topic: those seen last. */
export const PUBLISHERS_KEPT = 8;

/** Milliseconds that what was seen is kept once nobody watches: a page that is loaded again finds it. */
export const KEPT_UNWATCHED = 60_000;

/** Topics looked at in one turn of the loop by what looks at all of them: 1 to 3 ms. */
export const SLICE = 500;

/** Topics whose rate is worked out in a tick: 2 to 6 ms. Those beyond wait for the next. */
export const RATES_PER_TICK = 2000;

/** Milliseconds after which a silent topic makes room when there are as many as may be. */
export const STALE_AFTER = 600_000;

/**
 * Topics looked at in a tick whether they are to be forgotten: some expired. More where retained messages were deleted faster
 * than one could follow, or where there is no room.
 */
export const SWEPT = 200;
export const SWEPT_IN_A_HURRY = 3000;

/** Messages a feed holds for whoever takes them: what fits a screen. */
export const FEED_KEPT = 100;

/** Packets of a run that are looked at one by one for a feed; of a longer run only the last. */
export const RUN_SHOWN = 32;

/** Topics a script's page looks through in one request before it answers with what it has. */
export const LIST_LOOKED = 1500;

/** Searches remembered at a time: of so many pages. */
export const SEARCHES = 4;

/** Topics that all searches together look at in a tick, to be up to date. */
export const SEARCHED_PER_TICK = 600;

/** Milliseconds after which a search that nobody asks for is forgotten. */
export const SEARCH_KEPT = 15_000;

/** Topics in which something moved lately that the graph looks at: more lines than anybody tells apart. */
export const ACTIVE = 600;

/** Milliseconds between two walks through all that is retained, where more came at once than could be entered. */
export const WALK_AGAIN = 3000;

/** Pointers of the core's topics that are taken back in a tick once nobody watches. */
export const RELEASED_PER_TICK = 10_000;
