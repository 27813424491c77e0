/** Everything `GET /metrics` shows, put together when it is asked for. The names are documented in docs/guide/metrics.md. */

import type { CallKind } from '../../contracts/call.ts';
import type { QueueFigures } from '../../contracts/limits.ts';
import type { TrailFigures } from '../../contracts/trail.ts';
import type { ServerState, ServerStatus } from '../../contracts/upstream.ts';
import { type CallFigures, type GroupFigures, type Phase, RESULT_CLASSES } from './call-meter.ts';
import { createExposition, type Exposition, type Labels, type MetricsFormat } from './exposition.ts';
import type { ProcessFigures } from './process-figures.ts';
import { writeModels } from './render-model-metrics.ts';

export interface MetricsSources {
  readonly version: string;
  readonly calls: () => CallFigures;
  readonly servers: () => readonly ServerStatus[];
  readonly sessions: () => number;
  readonly trail: () => TrailFigures | undefined;
  /** Undefined: nothing waits here. */
  readonly queues?: (() => QueueFigures) | undefined;
  readonly process: () => ProcessFigures;
}

const MS_PER_SECOND = 1_000;

/** By the conventions of OpenTelemetry, MCP calls its operations by their methods. `session.open` is two of them. */
const METHODS: { readonly [kind in CallKind]?: string } = {
  'tools.list': 'tools/list',
  'tools.call': 'tools/call',
  'prompts.list': 'prompts/list',
  'prompts.get': 'prompts/get',
  'resources.list': 'resources/list',
  'resources.templates.list': 'resources/templates/list',
  'resources.read': 'resources/read',
  'resources.subscribe': 'resources/subscribe',
  'resources.unsubscribe': 'resources/unsubscribe',
  'completion.complete': 'completion/complete',
  'skills.list': 'skills/list',
  'skills.get': 'skills/get',
  'directories.read': 'resources/directory/read',
  'tasks.get': 'tasks/get',
  'tasks.update': 'tasks/update',
  'tasks.cancel': 'tasks/cancel',
  'tasks.subscribe': 'subscriptions/listen',
};

const HISTOGRAMS: readonly (readonly [phase: Phase, name: string, help: string])[] = [
  [
    'operation',
    'mcp_server_operation_duration_seconds',
    'From the complete head of the request until the outcome is known: gateway and upstream together.',
  ],
  ['upstream', 'mcp_client_operation_duration_seconds', 'Of that, the wait for the server behind the gateway.'],
  ['gateway', 'portcullis_gateway_duration_seconds', 'Of that, what was not the wait for the server.'],
  ['answer', 'portcullis_answer_duration_seconds', 'After that, until the last byte of the answer is with the kernel.'],
];

const STATES: readonly ServerState[] = ['starting', 'healthy', 'unstable', 'needs_auth', 'disabled', 'failed'];

function labelsOf({ kind, era, server }: GroupFigures): Labels {
  const method = METHODS[kind] ?? (era === 'modern' ? 'server/discover' : 'initialize');
  return { mcp_method_name: method, era, server };
}

function writeQueues(out: Exposition, { waiting, waited, waitedMs }: QueueFigures): void {
  out.gauge('portcullis_calls_waiting', 'Calls that wait for room under a limit.').sample({}, waiting);
  out.counter('portcullis_calls_waited', 'Calls that have waited for it.').sample({}, waited);
  const seconds = out.counter('portcullis_calls_waited_seconds', 'How long they have, all together.');
  seconds.sample({}, waitedMs / MS_PER_SECOND);
}

function writeCalls(out: Exposition, { inFlight, turnedAway, boundsMs, groups }: CallFigures): void {
  const calls = out.counter('portcullis_calls', 'Calls that are over, by how they ended.');
  for (const group of groups)
    for (const { tool, calls: counts } of group.counts)
      for (const [i, outcome] of RESULT_CLASSES.entries())
        if ((counts[i] ?? 0) > 0) calls.sample({ ...labelsOf(group), gen_ai_tool_name: tool, outcome }, counts[i] ?? 0);
  out.gauge('portcullis_calls_in_flight', 'Calls that have begun and are not over.').sample({}, inFlight);
  const away = out.counter('portcullis_turned_away', 'Requests whose key or token was not taken, by why.');
  for (const [code, count] of turnedAway) away.sample({ code }, count);

  const bounds = boundsMs.map((bound) => bound / MS_PER_SECOND);
  for (const [phase, name, help] of HISTOGRAMS) {
    const family = out.histograms(name, help);
    for (const group of groups) {
      const { counts, sum } = group.durations[phase];
      family.histogram(labelsOf(group), bounds, counts, sum / MS_PER_SECOND);
    }
  }

  const sent = out.counter('portcullis_call_params_bytes', 'Size of the params of calls.');
  for (const group of groups) sent.sample(labelsOf(group), group.requestBytes);
  const received = out.counter('portcullis_call_result_bytes', 'Size of the results of calls.');
  for (const group of groups) received.sample(labelsOf(group), group.resultBytes);
}

function writeServers(out: Exposition, servers: readonly ServerStatus[]): void {
  const state = out.gauge('portcullis_server_state', 'State of each server: 1 for the one it is in.');
  for (const { id, state: current } of servers)
    for (const each of STATES) state.sample({ server: id, state: each }, each === current ? 1 : 0);
  const restarts = out.counter('portcullis_server_restarts', 'How often a server was started again.');
  for (const { id, restarts: count } of servers) restarts.sample({ server: id }, count);
  const tools = out.gauge('portcullis_server_tools', 'Tools a server offers.');
  for (const { id, tools: count } of servers) tools.sample({ server: id }, count);
}

function writeTrail(out: Exposition, trail: TrailFigures): void {
  const gauge = (name: string, help: string, value: number): void => out.gauge(name, help).sample({}, value);
  gauge(
    'portcullis_trail_lag_seconds',
    'Age of the oldest record that is in the journal but not in the store yet.',
    trail.lagMs / MS_PER_SECOND,
  );
  gauge('portcullis_trail_held_lines', 'Records held in memory, to be written together.', trail.heldLines);
  gauge('portcullis_trail_writable', '0 while the journal cannot be written.', trail.writable ? 1 : 0);
  out
    .counter('portcullis_trail_lost_lines', 'Records that could not be kept while the journal could not be written.')
    .sample({}, trail.lostLines);
}

function writeProcess(out: Exposition, figures: ProcessFigures): void {
  const gauge = (name: string, help: string, value: number): void => out.gauge(name, help).sample({}, value);
  const counter = (name: string, help: string, value: number): void => out.counter(name, help).sample({}, value);
  counter('process_cpu_seconds', 'CPU time of all threads.', figures.cpuUserSeconds + figures.cpuSystemSeconds);
  counter('process_cpu_user_seconds', 'CPU time of all threads in user mode.', figures.cpuUserSeconds);
  counter('process_cpu_system_seconds', 'CPU time of all threads in the kernel.', figures.cpuSystemSeconds);
  gauge('process_start_time_seconds', 'Start of the process, seconds since 1970.', figures.startedSeconds);
  gauge('process_resident_memory_bytes', 'Resident memory.', figures.residentBytes);
  gauge('nodejs_heap_used_bytes', 'Heap in use.', figures.heapUsedBytes);
  gauge('nodejs_heap_total_bytes', 'Heap reserved.', figures.heapTotalBytes);
  gauge('nodejs_external_memory_bytes', 'Memory outside the heap that objects hold.', figures.externalBytes);
  counter('nodejs_eventloop_active_seconds', 'Time the event loop was not waiting.', figures.loopActiveSeconds);
  counter('nodejs_eventloop_idle_seconds', 'Time the event loop waited for something to do.', figures.loopIdleSeconds);
  const delay = out.gauge(
    'nodejs_eventloop_delay_seconds',
    'How late timers ran since the last time metrics were read.',
  );
  for (const [quantile, seconds] of figures.loopDelaySeconds) delay.sample({ quantile }, seconds);
}

export function renderMetrics(sources: MetricsSources, format: MetricsFormat): string {
  const out = createExposition(format);
  out
    .gauge('portcullis_build_info', 'Always 1; the labels say what runs.')
    .sample({ version: sources.version, node: process.version }, 1);
  const calls = sources.calls();
  writeCalls(out, calls);
  if (sources.queues !== undefined) writeQueues(out, sources.queues());
  writeModels(out, calls.models);
  out.gauge('portcullis_sessions', 'Client sessions of the legacy era that are open.').sample({}, sources.sessions());
  writeServers(out, sources.servers());
  const trail = sources.trail();
  if (trail !== undefined) writeTrail(out, trail);
  writeProcess(out, sources.process());
  return out.text();
}
