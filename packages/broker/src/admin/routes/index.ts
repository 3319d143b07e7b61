import type { Routes } from '../http/typed.ts';

/** All routes of the API that need nothing but the services. */
export const routes: readonly Routes[] = [];
