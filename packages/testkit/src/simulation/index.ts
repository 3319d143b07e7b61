/** The seeded simulator: whole worlds from a seed, checked for what MQTT promises. */
export { invariants } from './ledger.ts';
export { Random } from './random.ts';
export { sabotages } from './sabotage.ts';
export { type SimulationResult, simulate } from './simulate.ts';
export { storeSabotages } from './store-sabotage.ts';
