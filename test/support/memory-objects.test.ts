import { createMemoryObjects } from './memory-objects.ts';
import { testObjectStore } from './object-store-suite.ts';

testObjectStore('memory', async () => {
  const shared = { objects: new Map(), changes: [], listeners: new Set<() => void>(), seq: 0 };
  return async () => createMemoryObjects(shared);
});
