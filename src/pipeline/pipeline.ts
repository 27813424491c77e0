/** One configuration's pipeline: its keyring, its steps, its compiled columns. Swapped as a whole when the file changes. */

import type { ApprovalStore } from '../contracts/approvals.ts';
import type { Call, Gateway, ModelGateway } from '../contracts/call.ts';
import type { KeyDirectory } from '../contracts/caller.ts';
import type { CodeStateStore } from '../contracts/codemode.ts';
import type { GatewayConfig } from '../contracts/config.ts';
import type { ConnectionGate } from '../contracts/connections.ts';
import type { LimitStore } from '../contracts/limits.ts';
import type { Log } from '../contracts/log.ts';
import type { Meter } from '../contracts/meter.ts';
import type { ModelCatalog } from '../contracts/model-catalog.ts';
import type { AnswerReaders, ModelProvider } from '../contracts/models.ts';
import type { RunStore } from '../contracts/runs.ts';
import type { Sandboxes } from '../contracts/sandbox.ts';
import type { RecordSealer, Sealer } from '../contracts/sealing.ts';
import type { Trail } from '../contracts/trail.ts';
import type { ServerRegistry } from '../contracts/upstream.ts';
import type { FindStanding } from '../domain/approvals/standing.ts';
import { createLinesOf } from '../domain/limits/lines-of.ts';
import { createResolveModel } from '../domain/models/resolve-model.ts';
import { createResolveSurface } from '../domain/models/resolve-surface.ts';
import { compilePolicy } from '../domain/policy/compile-policy.ts';
import { createHintsOf } from '../domain/policy/tool-hints.ts';
import { parseNetwork } from '../lib/network.ts';
import { createRandomIds } from '../lib/random-ids.ts';
import { APPROVALS, createApprovalRequests } from './approvals/approval-requests.ts';
import type { Admission } from './authorization/admission.ts';
import { type CodeRoom, createCodeTools } from './codemode/create-code-tools.ts';
import { compileColumns } from './compile.ts';
import { createContinuations } from './continuations.ts';
import { createGrants, type GrantOf } from './grants.ts';
import { createDescribeIntent } from './intent.ts';
import type { KeptResults } from './kept-results.ts';
import { createKeyring, type Keyring } from './keyring.ts';
import type { Ledger } from './ledger/ledger.ts';
import { createNoteMade } from './ledger/note-made.ts';
import type { BudgetAlerts } from './limits/budget-alerts.ts';
import { createBudgetShare } from './limits/budget-share.ts';
import { createEstimateCost } from './limits/estimate-cost.ts';
import type { FairQueues } from './limits/fair-queues.ts';
import type { LiveCatalog } from './live-catalog.ts';
import { createAttempt } from './models/attempt.ts';
import type { ModelHealth } from './models/model-health.ts';
import { createPriceOf } from './models/price-of.ts';
import { createPolicyView } from './policy-view.ts';
import { createAuthorize } from './steps/authorize.ts';
import { createAuthorizeModel } from './steps/authorize-model.ts';
import { createModelSteps } from './steps/call-model.ts';
import { createCallTask } from './steps/call-task.ts';
import { createCallTool } from './steps/call-tool.ts';
import { createCheckSuggestion } from './steps/check-suggestion.ts';
import { createClaimSuggestion } from './steps/claim-suggestion.ts';
import { createCompleteArgument } from './steps/complete-argument.ts';
import { createCutResult } from './steps/cut-result.ts';
import { createDecidePolicy, createJudge } from './steps/decide-policy.ts';
import { createDescribeEndpoint } from './steps/describe-endpoint.ts';
import { createGetPrompt } from './steps/get-prompt.ts';
import { createIdentify } from './steps/identify.ts';
import { createInjectTools } from './steps/inject-tools.ts';
import { createLimitRate } from './steps/limit-rate.ts';
import { createListItems } from './steps/list-items.ts';
import { createListModels } from './steps/list-models.ts';
import { createListSkills } from './steps/list-skills.ts';
import { createNoteSuggestions } from './steps/note-suggestions.ts';
import { createPriceCall } from './steps/price-call.ts';
import { createPriceTokens } from './steps/price-tokens.ts';
import { createReadCache } from './steps/read-cache.ts';
import { createReadKeptResult } from './steps/read-kept-result.ts';
import { createReadResource } from './steps/read-resource.ts';
import { createRecord } from './steps/record.ts';
import { createRequireApproval } from './steps/require-approval.ts';
import { createRequireConnection } from './steps/require-connection.ts';
import { createReserveBudget } from './steps/reserve-budget.ts';
import { createRunAgent } from './steps/run-agent.ts';
import { createSubscribeResource, createSubscribeTask, createUnsubscribeResource } from './steps/subscribe-resource.ts';
import { createWriteAhead } from './steps/write-ahead.ts';
import { createTaskIds } from './task-ids.ts';

const NO_STANDING = (): FindStanding => () => undefined;

export interface PipelineDeps {
  readonly registry: Pick<ServerRegistry, 'current' | 'onEvent'>;
  readonly catalog: LiveCatalog;
  readonly trail: Trail;
  /** Providers of models of the configuration in force. */
  readonly providers: () => ReadonlyMap<string, ModelProvider>;
  /** Of the configuration in force; undefined: none of its providers can be in one. */
  readonly modelCatalog?: (() => ModelCatalog | undefined) | undefined;
  readonly directory: KeyDirectory;
  /** Access tokens in place of keys; undefined: none are taken. */
  readonly admission?: Admission | undefined;
  readonly sealer: Sealer;
  /** Accounts of users at servers; undefined: no server is called with one. */
  readonly connections?: ConnectionGate | undefined;
  /** Outlives configurations, as clients hold addresses of what is in it. */
  readonly kept: KeptResults;
  /** Outlives configurations: a change is no amnesty. */
  readonly limits: LimitStore;
  /** What models suggested and what became of it; undefined: nothing of it is kept, and nothing can be carried out. */
  readonly ledger?: Ledger | undefined;
  /** Undefined: answers that are passed on are not understood. */
  readonly readers?: AnswerReaders | undefined;
  readonly randomHex?: ((digits: number) => string) | undefined;
  /** Outlives them, too: whoever waits goes on waiting. */
  readonly queues: FairQueues;
  readonly approvals?: ApprovalStore | undefined;
  /** Approvals that were given beforehand, as of now. */
  readonly standing?: (() => FindStanding) | undefined;
  readonly runs?: RunStore | undefined;
  /** Seals arguments, answers and states of runs where they are stored. */
  readonly recordSealer?: RecordSealer | undefined;
  /** The one door again: for calls that a call makes. */
  readonly enter?: (Pick<Gateway, 'call'> & ModelGateway) | undefined;
  /** Engines for scripts; undefined: none run here. */
  readonly sandboxes?: Sandboxes | undefined;
  readonly codeStates?: CodeStateStore | undefined;
  readonly code: CodeRoom;
  /** Used while the configuration has webhooks. */
  readonly alerts?: BudgetAlerts | undefined;
  /** Outlives them, too: a provider does not recover because a file was saved. */
  readonly modelHealth: ModelHealth;
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
  /** Monotonic clock, milliseconds. */
  readonly monotonicMs: () => number;
  /** Used while the configuration asks for metrics. */
  readonly meter?: Meter | undefined;
  readonly log?: Log | undefined;
  /** 0 to 1, exclusive. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

export interface Pipeline {
  readonly config: GatewayConfig;
  readonly keyring: Keyring;
  readonly grantOf: GrantOf;
  /** What comes out is up to the kind of call. */
  run(call: Call): never | Promise<never>;
}

export function createPipeline(deps: PipelineDeps, config: GatewayConfig): Pipeline {
  const keyring = createKeyring({
    directory: deps.directory,
    keys: config.keys,
    anonymous: config.anonymous,
    now: deps.now,
    tokens: deps.admission,
  });
  const trusted = (config.listen.trustedProxies ?? []).flatMap((block) => parseNetwork(block) ?? []);
  const granted = createGrants();
  const policy =
    config.policy &&
    createPolicyView({ policy: compilePolicy(config.policy), grantOf: granted, catalog: deps.catalog.current });
  const grantOf = policy?.grantOf ?? granted;
  const judge = policy && createJudge({ planOf: policy.planOf, now: deps.now });
  const redactions = new Map(config.servers.map((server) => [server.id, server.redactArguments]));
  const describeIntent = createDescribeIntent({
    keepArguments: config.audit.arguments,
    redactionOf: (serverId) => redactions.get(serverId) ?? [],
  });
  const { trail, monotonicMs } = deps;
  const meter = config.metrics === undefined ? undefined : deps.meter;
  const perUser = new Set(config.servers.filter((each) => each.credentials === 'per-user').map(({ id }) => id));
  const viewing = { grantOf, catalog: deps.catalog.current, perUser };
  const continuations = createContinuations({
    sealer: deps.sealer,
    now: deps.now,
    lifetimeMs: config.limits.questionTimeoutMs,
  });
  const taskIds = createTaskIds(deps);
  const forwarding = {
    ...{ servers: deps.registry.current, catalog: deps.catalog.current },
    ...{ monotonicMs, continuations, taskIds },
  };
  const configured = config.providers ?? [];
  const catalog = deps.modelCatalog?.();
  const priceOf = createPriceOf({ catalog, providers: configured }, config.models?.prices ?? []);
  const linesOf = createLinesOf();
  const asksForBudgets = config.models?.routes.some(({ when }) => when.includes('budgetUsedPercent')) === true;
  const ids = createRandomIds();
  const newId = (): string => ids.uuid7(deps.now());
  const { ledger, randomHex, readers } = deps;
  const hintsOf = createHintsOf(config.policy?.annotations ?? []);
  const { codeMode, answer } = createCodeTools(
    {
      ...{ ...viewing, ...deps.code, hintsOf, newId, randomHex, monotonicMs, now: deps.now, enter: deps.enter },
      ...{ sandboxes: deps.sandboxes, states: deps.codeStates, sealer: deps.recordSealer },
      random: deps.random ?? Math.random,
    },
    config.codeMode,
  );
  const { aimMeta } = codeMode;
  const authorize = createAuthorize({ ...viewing, continuations, taskIds, aimMeta });
  const noteSuggestions =
    ledger &&
    randomHex &&
    readers &&
    createNoteSuggestions({
      ...{ ledger, judge, readers, randomHex, aimMeta, now: deps.now, ...viewing },
      expireAfterMs: (config.approvals ?? APPROVALS).suggestionsExpireAfterMs,
      onMade: createNoteMade({ trail }),
    });
  const { approvals, recordSealer, connections } = deps;
  const requests =
    ledger &&
    approvals &&
    recordSealer &&
    randomHex &&
    createApprovalRequests({
      ...{ ledger, approvals, sealer: recordSealer, trail, randomHex, now: deps.now },
      config: config.approvals ?? APPROVALS,
    });
  const columns = compileColumns(
    {
      record: createRecord({ trail, describeIntent, monotonicMs, meter }),
      identify: createIdentify({ keyring, admission: deps.admission, trusted, now: deps.now }),
      'read-kept-result': config.results && createReadKeptResult({ kept: deps.kept, grantOf }),
      authorize: policy === undefined ? authorize : policy.noteHidden(authorize),
      // Each stands where its part of the ledger is used; without one the step is left out.
      'check-suggestion': ledger && createCheckSuggestion({ ledger, now: deps.now }),
      'claim-suggestion': ledger && createClaimSuggestion({ ledger, approvals: deps.approvals, now: deps.now }),
      'note-suggestions': noteSuggestions,
      'require-connection':
        connections && perUser.size > 0
          ? createRequireConnection({ connections, perUser, continuations, limits: config.limits })
          : undefined,
      'require-approval':
        requests &&
        judge &&
        createRequireApproval({
          ...{ requests, judge, continuations, now: deps.now, standing: deps.standing ?? NO_STANDING },
        }),
      'run-agent':
        config.providers &&
        deps.enter &&
        createRunAgent({
          ...{ ...viewing, enter: deps.enter, hintsOf, aimMeta },
          ...{ approvals: deps.approvals, approvalWaitMs: (config.approvals ?? APPROVALS).waitMs },
          ...{ suggestions: ledger?.store, runs: deps.runs, recordSealer: deps.recordSealer, trail },
          ...{ now: deps.now, monotonicMs, log: deps.log },
          ...{ newId, tellsUsage: config.models?.usageHeaders ?? true },
        }),
      'decide-policy': judge && createDecidePolicy(judge, requests !== undefined),
      'limit-rate': createLimitRate({ limits: deps.limits, queues: deps.queues, linesOf }),
      'reserve-budget': createReserveBudget({
        ...{ limits: deps.limits, linesOf, alerts: config.webhooks?.length ? deps.alerts : undefined },
        estimate: createEstimateCost({ prices: config.prices, priceOf, now: deps.now }),
      }),
      'write-ahead': createWriteAhead({ trail, describeIntent }),
      'read-cache': config.cache && createReadCache({ ...viewing, monotonicMs }, config.cache),
      'price-call': config.prices && createPriceCall(config.prices),
      'authorize-model': createAuthorizeModel({
        ...{ grantOf: granted, resolve: createResolveModel(configured, config.models) },
        resolveSurface: createResolveSurface(configured),
        // Only a rule that asks is worth asking the store, which may be far away.
        budgetShare: asksForBudgets ? createBudgetShare({ limits: deps.limits, linesOf }) : undefined,
        keysOf: (provider) => configured.find(({ id }) => id === provider)?.keys ?? [],
      }),
      'inject-tools':
        config.providers &&
        createInjectTools({ ...viewing, codeMode, admission: deps.admission }, config.models?.toolMode ?? 'off'),
      'price-tokens': createPriceTokens({
        ...{ priceOf, now: deps.now, monotonicMs, tellsUsage: config.models?.usageHeaders ?? true },
      }),
      'cut-result': config.results && createCutResult({ kept: deps.kept }, config.results),
    },
    {
      'describe-endpoint': createDescribeEndpoint({ ...viewing, keepsResults: config.results !== undefined }),
      'list-items': createListItems({ ...viewing, codeMode, connections, pageItems: config.limits.pageItems }),
      'list-skills': createListSkills({ ...viewing, ...forwarding }),
      'call-tool': createCallTool(forwarding, answer),
      'get-prompt': createGetPrompt(forwarding),
      'read-resource': createReadResource(forwarding),
      'subscribe-resource': createSubscribeResource(),
      'unsubscribe-resource': createUnsubscribeResource(),
      'complete-argument': createCompleteArgument(forwarding),
      'call-task': createCallTask(forwarding),
      'subscribe-task': createSubscribeTask(),
      'list-models': createListModels({
        ...{ grantOf: granted, configs: configured, aliases: config.models?.aliases ?? [] },
        ...{ providers: deps.providers, monotonicMs },
        contextTokensOf: (provider, model) => catalog?.contextTokensOf(provider, model),
      }),
      ...createModelSteps(
        createAttempt({
          ...{ providers: deps.providers, health: deps.modelHealth, monotonicMs, log: deps.log },
          random: deps.random ?? Math.random,
        }),
      ),
    },
  );
  return { config, keyring, grantOf, run: (call) => columns[call.kind](call) };
}
