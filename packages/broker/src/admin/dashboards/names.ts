/** Folder of the dashboards within the data folder. */
export const DASHBOARDS_FOLDER = 'dashboards';

/** What an identifier may look like: it is the name of a file, also where `A` and `a` are the same one. */
export const DASHBOARD_ID = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** Of the files. */
export const ENDING = '.json';
