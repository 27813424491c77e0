import { usePostgres } from '../../../../test/support/postgres.ts';
import { testVerifySpend } from '../../../../test/support/verify-spend-suite.ts';
import { openForTest } from '../../stores/postgres/testing/open-for-test.ts';
import { openStore } from '../../stores/sqlite/open-store.ts';
import { freshDir } from '../testing/fresh-dir.ts';
import { verifySpend } from '../verify-spend.ts';
import { verifyPostgresSpend } from './verify-spend.ts';

const { skip, server } = usePostgres();

testVerifySpend(
  'SQLite',
  false,
  async (t) => {
    const db = openStore(freshDir(t));
    t.after(() => db.close());
    return { exec: (sql) => db.exec(sql), verify: () => verifySpend(db) };
  },
  { columns: 'run_id, trace_id', values: "'r', 't'" },
);

testVerifySpend(
  'PostgreSQL',
  skip,
  async (t) => {
    const database = await openForTest(t, await server.newDatabase());
    return { exec: (sql) => database.query(sql), verify: () => verifyPostgresSpend(database) };
  },
  { columns: 'replica_id, run_id, trace_id', values: "'r', 'r', 't'" },
);
