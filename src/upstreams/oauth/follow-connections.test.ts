import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerConfig } from '../../contracts/config.ts';
import { followConnections } from './follow-connections.ts';
import { SHARED_OWNER } from './kept-credential.ts';

test('who connects, connects anew or disconnects elsewhere is told of once; a renewal, other servers and the gateway’s own are not', () => {
  /** By server and owner: what is sealed, and the connection in it. */
  const rows = new Map<string, { sealed: string; connection: string | undefined }>();
  const told: string[] = [];
  const put = (serverId: string, owner: string, sealed: string, connection: string | undefined): void =>
    void rows.set(JSON.stringify([serverId, owner]), { sealed, connection });
  put('notes', 'ada', 'a1', 'first');
  const reread = followConnections({
    store: {
      list: () =>
        [...rows].map(([key, { sealed }]) => {
          const [serverId = '', owner = ''] = JSON.parse(key) as string[];
          return { serverId, owner, sealed };
        }),
    },
    users: { connectionOf: ({ id }, owner) => rows.get(JSON.stringify([id, owner]))?.connection },
    serverOf: (id) => (id === 'notes' ? ({ id } as ServerConfig) : undefined),
    onChange: (serverId, userId, isThere) => void told.push(`${serverId} ${userId} ${isThere}`),
  });
  const news = (): string[] => {
    reread();
    return told.splice(0);
  };
  assert.deepEqual(news(), []);
  put('notes', 'grace', 'g1', 'hers');
  put('others', 'grace', 'g1', 'hers');
  put('notes', SHARED_OWNER, 's1', undefined);
  assert.deepEqual(news(), ['notes grace true']);
  assert.deepEqual(news(), []);
  put('notes', 'grace', 'g2', 'hers');
  assert.deepEqual(news(), [], 'renewed');
  put('notes', 'grace', 'g3', 'another account');
  assert.deepEqual(news(), ['notes grace true']);
  put('notes', 'grace', 'g4', undefined);
  assert.deepEqual(news(), ['notes grace false']);
  rows.delete(JSON.stringify(['notes', 'ada']));
  assert.deepEqual(news(), ['notes ada false']);
  assert.deepEqual(news(), []);
});
