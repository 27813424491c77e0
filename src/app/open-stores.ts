/** Where things are kept: SQLite in the data folder, or PostgreSQL where the configuration names one. For the gateway and for commands. */

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AccountStore } from '../contracts/accounts.ts';
import type { IdempotencyStore } from '../contracts/admin.ts';
import type { ApprovalStore } from '../contracts/approvals.ts';
import type { CodeStateStore } from '../contracts/codemode.ts';
import type { DatabaseConfig } from '../contracts/config-sections.ts';
import type { DefinitionStore } from '../contracts/definitions.ts';
import type { SpendStore } from '../contracts/limits.ts';
import type { Log } from '../contracts/log.ts';
import type { OAuthStore } from '../contracts/oauth-store.ts';
import type { ObjectStore } from '../contracts/objects.ts';
import type { RunStore } from '../contracts/runs.ts';
import type { SealKeys } from '../contracts/sealing.ts';
import type { ServerCredentialStore } from '../contracts/server-credentials.ts';
import type { SuggestionKeeper } from '../contracts/suggestions.ts';
import type { TrailFilter } from '../contracts/trail.ts';
import type { Outbox } from '../contracts/webhooks.ts';
import { speaksOf } from '../domain/limits/lines-of.ts';
import { appendRow, type DecisionRow, encodeDecision } from '../platform/audit/append-row.ts';
import type { AuthorityReport } from '../platform/audit/chain/verify-authority.ts';
import type { ChainReport, KnownHead } from '../platform/audit/chain/verify-chain.ts';
import type { FoldReport } from '../platform/audit/fold.ts';
import type { FoldWorkerData } from '../platform/audit/fold-worker.ts';
import { openTrailReader } from '../platform/audit/open-trail-reader.ts';
import { appendToPostgres } from '../platform/audit/postgres/append-row.ts';
import { createPostgresTrailReader } from '../platform/audit/postgres/open-trail-reader.ts';
import { openReplicaId } from '../platform/audit/replica-id.ts';
import type { CostGroup, CostSum } from '../platform/audit/sum-costs.ts';
import type { SeqRow } from '../platform/audit/trail-row.ts';
import type { SpendReport } from '../platform/audit/verify-spend.ts';
import { createAccountStore } from '../platform/stores/postgres/accounts.ts';
import { openApprovalStore as openSharedApprovals } from '../platform/stores/postgres/approvals.ts';
import { createCodeStateStore } from '../platform/stores/postgres/code-states.ts';
import { openDefinitionStore as openSharedDefinitions } from '../platform/stores/postgres/definitions.ts';
import { followChanges } from '../platform/stores/postgres/follow-changes.ts';
import { createIdempotencyStore } from '../platform/stores/postgres/idempotency.ts';
import { migrate } from '../platform/stores/postgres/migrate.ts';
import { MIGRATIONS } from '../platform/stores/postgres/migrations.ts';
import { createOAuthStore } from '../platform/stores/postgres/oauth.ts';
import { createObjectStore } from '../platform/stores/postgres/object-store.ts';
import { type Database, type DatabaseOptions, openDatabase } from '../platform/stores/postgres/open-database.ts';
import { createOutbox } from '../platform/stores/postgres/outbox.ts';
import { openRunStore as openSharedRuns } from '../platform/stores/postgres/runs.ts';
import { openServerCredentialStore as openSharedCredentials } from '../platform/stores/postgres/server-credentials.ts';
import { createSpendStore } from '../platform/stores/postgres/spend.ts';
import { createSuggestionStore } from '../platform/stores/postgres/suggestions.ts';
import { openAccountStore } from '../platform/stores/sqlite/accounts.ts';
import { openApprovalStore } from '../platform/stores/sqlite/approvals.ts';
import { openCodeStateStore } from '../platform/stores/sqlite/code-states.ts';
import { openDefinitionStore } from '../platform/stores/sqlite/definitions.ts';
import { openIdempotencyStore } from '../platform/stores/sqlite/idempotency.ts';
import { openOAuthStore } from '../platform/stores/sqlite/oauth.ts';
import { openObjectStore } from '../platform/stores/sqlite/objects.ts';
import { openOutbox } from '../platform/stores/sqlite/outbox.ts';
import { openRunStore } from '../platform/stores/sqlite/runs.ts';
import { openServerCredentialStore } from '../platform/stores/sqlite/server-credentials.ts';
import { openSpendStore } from '../platform/stores/sqlite/spend.ts';
import { openSuggestionStore } from '../platform/stores/sqlite/suggestions.ts';

/** The trail as it is read, whoever keeps it. */
export interface TrailReading {
  query(filter: TrailFilter): AsyncIterable<SeqRow> | Iterable<SeqRow>;
  /** Matching rows, the highest `seq` first, below `beforeSeq`. */
  newest(
    filter: TrailFilter,
    beforeSeq: number | undefined,
    limit: number,
  ): readonly SeqRow[] | Promise<readonly SeqRow[]>;
  costs(by: CostGroup, filter: TrailFilter): readonly CostSum[] | Promise<readonly CostSum[]>;
  fold(): FoldReport | Promise<FoldReport>;
  /** `heads`: of the chain, that were seen earlier. */
  verifyChain(heads: readonly KnownHead[]): Promise<ChainReport>;
  verifyAuthority(): Promise<AuthorityReport>;
  /** Adds up the trail anew, and compares the ledger with it. */
  verifySpend(): SpendReport | Promise<SpendReport>;
}

/** Each is opened when it is asked for, once, and closed with all of them. */
export interface Stores extends AsyncDisposable {
  objects(): Promise<ObjectStore>;
  definitions(): Promise<DefinitionStore>;
  /** `onChange` hears when another replica may have written one. */
  credentials(onChange?: () => void): Promise<ServerCredentialStore>;
  trail(): Promise<TrailReading>;
  /** What was spent until now: ask after the journal was folded. */
  spend(): Promise<SpendStore>;
  /** What webhooks are to be told. */
  outbox(): Promise<Outbox>;
  /** Credentials of people, and their sessions. */
  accounts(): Promise<AccountStore>;
  /** Requests of the admin API that were made already. */
  idempotency(): Promise<IdempotencyStore>;
  /** Tool calls that models suggested, or that rules held back. */
  suggestions(): Promise<SuggestionKeeper>;
  approvals(): Promise<ApprovalStore>;
  /** Of the agent loop. */
  runs(): Promise<RunStore>;
  /** What scripts keep. */
  codeStates(): Promise<CodeStateStore>;
  /** Of the authorization server. */
  oauth(): Promise<OAuthStore>;
  /** A row of the trail that is no call: a decision of a person. */
  append(row: DecisionRow): Promise<void>;
  /** Where the trail is folded to; undefined: into the data folder. */
  readonly folding: FoldWorkerData['postgres'];
  /** Undefined: SQLite. */
  readonly database: Database | undefined;
}

export interface OpenStoresOptions {
  readonly dataDir: string;
  readonly database: DatabaseConfig | undefined;
  readonly log: Log;
  /** Sign the chain of the trail; asked for once something of the trail is. Undefined: there are none, or not here. */
  readonly trailKeys?: (() => Promise<SealKeys | undefined>) | undefined;
}

const noKeys = async (): Promise<undefined> => undefined;

/** With PostgreSQL: connects, and brings the schema forward. Rejects if it cannot be reached. */
export async function openStores(options: OpenStoresOptions): Promise<Stores> {
  return options.database === undefined ? openLocal(options) : openShared(options, options.database);
}

function openLocal({ dataDir, trailKeys = noKeys }: OpenStoresOptions): Stores {
  const opened = new Map<string, Promise<Disposable | AsyncDisposable>>();
  const once = openOnce(opened);
  return {
    objects: () => once('objects', async () => openObjectStore({ dataDir })),
    definitions: () => once('definitions', async () => openDefinitionStore({ dataDir })),
    credentials: () => once('credentials', async () => openServerCredentialStore({ dataDir })),
    trail: () => once('trail', async () => openTrailReader(dataDir, await trailKeys())),
    spend: () => once('spend', async () => openSpendStore({ dataDir, speaksOf })),
    outbox: () => once('outbox', async () => openOutbox({ dataDir })),
    accounts: () => once('accounts', async () => openAccountStore({ dataDir })),
    idempotency: () => once('idempotency', async () => openIdempotencyStore({ dataDir })),
    append: async (row) => appendRow(dataDir, encodeDecision(row), (await trailKeys())?.current),
    suggestions: () => once('suggestions', async () => openSuggestionStore({ dataDir, now: Date.now })),
    approvals: () => once('approvals', async () => openApprovalStore({ dataDir })),
    runs: () => once('runs', async () => openRunStore({ dataDir })),
    codeStates: () => once('code-states', async () => openCodeStateStore({ dataDir })),
    oauth: () => once('oauth', async () => openOAuthStore({ dataDir })),
    folding: undefined,
    database: undefined,
    [Symbol.asyncDispose]: () => closeAll(opened),
  };
}

async function openShared(
  { dataDir, log, trailKeys = noKeys }: OpenStoresOptions,
  config: DatabaseConfig,
): Promise<Stores> {
  const settings: DatabaseOptions = { ...config, url: config.url.open() };
  const database = await openDatabase(settings, log);
  try {
    const applied = await migrate(database, MIGRATIONS, Date.now());
    if (applied.length > 0) log.info('the database was brought forward', { steps: applied });
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw new Error(`PostgreSQL cannot be used: ${reasonOf(error)}`, { cause: error });
  }
  const opened = new Map<string, Promise<Disposable | AsyncDisposable>>();
  const once = openOnce(opened);
  const changes = () => once('changes', () => followChanges(database, log));
  const journalDir = join(dataDir, 'journal');
  return {
    objects: () => once('objects', async () => createObjectStore(database, await changes())),
    definitions: () => once('definitions', async () => openSharedDefinitions(database, await changes(), log)),
    credentials: (onChange) =>
      once('credentials', async () => openSharedCredentials(database, await changes(), log, onChange)),
    async trail() {
      // A machine that only asks has no journals.
      if (!existsSync(dataDir)) return createPostgresTrailReader(database, undefined, await trailKeys());
      mkdirSync(journalDir, { recursive: true, mode: 0o700 });
      return createPostgresTrailReader(database, { journalDir, replicaId: openReplicaId(dataDir) }, await trailKeys());
    },
    spend: () => once('spend', async () => createSpendStore({ query: database.query, speaksOf })),
    outbox: async () => createOutbox(database),
    accounts: async () => createAccountStore(database),
    idempotency: async () => createIdempotencyStore(database),
    append: async (row) => appendToPostgres(database, encodeDecision(row), (await trailKeys())?.current),
    suggestions: () => once('suggestions', async () => createSuggestionStore(database, { now: Date.now })),
    approvals: () => once('approvals', async () => openSharedApprovals(database, await changes(), log)),
    runs: () => once('runs', async () => openSharedRuns(database, await changes(), log)),
    codeStates: () => once('code-states', async () => createCodeStateStore(database)),
    oauth: async () => createOAuthStore(database),
    get folding() {
      return { database: settings, replicaId: openReplicaId(dataDir) };
    },
    database,
    async [Symbol.asyncDispose]() {
      await closeAll(opened);
      await database[Symbol.asyncDispose]();
    },
  };
}

type Opened = Map<string, Promise<Disposable | AsyncDisposable>>;

function openOnce(opened: Opened) {
  return <T extends Disposable | AsyncDisposable>(name: string, open: () => Promise<T>): Promise<T> => {
    const known = opened.get(name);
    // Under one name there is one thing.
    if (known !== undefined) return known as Promise<T>;
    const opening = open();
    opened.set(name, opening);
    return opening;
  };
}

/** Latest first. */
async function closeAll(opened: Opened): Promise<void> {
  for (const opening of [...opened.values()].reverse()) {
    const store = await opening.catch(() => undefined);
    if (store === undefined) continue;
    if (Symbol.asyncDispose in store) await store[Symbol.asyncDispose]();
    else store[Symbol.dispose]();
  }
  opened.clear();
}

/** Where several addresses were tried, the error itself says nothing. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
