/**
 * Tools for the folder of a durable store: what `cauldron store` does.
 *
 * Run them in another process than the broker that has the folder open: closing the store's file drops the locks that the
 * whole process holds on it.
 */
export { StoreError } from '@cauldron/core';
export { StoreRefused } from '../store/database.ts';
export { FolderInUse } from '../store/folder-lock.ts';
export { DATABASE_FILE } from '../store/schema.ts';
export { type BackupSummary, backupStore } from './backup.ts';
export { adviceFor, checkStore, type StoreCheck } from './check.ts';
export { type CompactSummary, compactStore } from './compact.ts';
export { type ExportSummary, exportLines, exportStore } from './export.ts';
export { formatReference } from './format-reference.ts';
export { type ImportOptions, ImportRefused, type ImportSummary, importStore } from './import.ts';
export { type QueueStats, type StoreStats, storeStats } from './stats.ts';
export { StoreToolError } from './tool-error.ts';
