/** Each misdeed of a hostile server, and what it may cost its caller. */

import type { Era } from './turn.ts';

/** The documented codes (docs/reference/errors.md). */
export const CODES = {
  upstream_unavailable: -31510,
  upstream_needs_auth: -31511,
  upstream_failed: -31512,
  upstream_timeout: -31513,
  outcome_unknown: -31514,
  missing_capability: -32021,
} as const;

/** An error of ours, a code of the server's own, or the answer itself. */
export type Expected = keyof typeof CODES | 'answer' | number;
type Outcome = Expected | readonly Expected[];

export interface Row {
  readonly act: string;
  readonly what: string;
  readonly era?: Era;
  /** It costs the server its process: one of its own, so that others need not wait for the restart. */
  readonly ownServer?: true;
  /** HTTP status of the answer; default 200. */
  readonly status?: number;
  readonly expected: { readonly both?: Outcome; readonly stdio?: Outcome; readonly http?: Outcome };
}

const row = (act: string, what: string, both: Outcome, more: Partial<Row> = {}): Row => ({
  ...{ act, what, expected: { both } },
  ...more,
});
const failed = (act: string, what: string): Row => row(act, what, 'upstream_failed');
const silent = (act: string, what: string): Row => row(act, what, 'upstream_timeout');
const lost = (act: string, what: string, outcome: Outcome = 'outcome_unknown'): Row =>
  row(act, what, outcome, { era: 'legacy', ownServer: true });
const fine = (act: string, what: string, era?: Era): Row => row(act, what, 'answer', era === undefined ? {} : { era });

export const MESSAGE_ROWS: readonly Row[] = [
  silent('never', 'never answers'),
  silent('other_id', 'answers another request'),
  silent('id_as_text', 'answers with the id as text'),
  silent('id_null', 'answers with the id null'),
  silent('no_id', 'answers without an id'),
  silent('late', 'answers after the deadline'),
  silent('half', 'sends half a message'),
  silent('control_characters', 'sends control characters within a string'),
  silent('endless_progress', 'reports progress for ever'),
  fine('twice', 'answers twice'),
  failed('result_and_error', 'answers with both result and error'),
  failed('neither', 'answers with neither result nor error'),
  failed('result_text', 'answers with a result that is text'),
  failed('result_null', 'answers with a result that is null'),
  failed('result_array', 'answers with a result that is a list'),
  failed('error_without_code', 'answers with an error without a code'),
  failed('error_code_text', 'answers with an error whose code is text'),
  failed('twin_ids', 'answers with two ids'),
  failed('twin_results', 'answers with two results'),
  failed('depth_bomb', 'nests its answer 400,000 deep'),
  failed('too_large', 'answers with ten times what a message may have'),
  fine('lone_surrogate', 'answers with half a surrogate pair'),
  fine('prototype_members', 'answers with members named like parts of the language'),
  fine('structured_text', 'answers with structured content that is text'),
  fine('unknown_members', 'answers with members nobody knows'),
  fine('own_prefix', 'writes _meta that only the gateway may write'),
  failed('twin_members', 'answers with a result that names a member twice'),
  fine('in_a_batch', 'hides its answer in a batch of junk'),
  fine('foreign_progress', 'reports progress on calls of others'),
  fine('backward_progress', 'reports progress that goes back'),
  fine('log_flood', 'floods with log messages'),
  fine('list_changed_storm', 'says 3,000 times that its list changed'),
  fine('unknown_notifications', 'floods with notifications nobody knows'),
  fine('unknown_requests', 'floods with requests nobody knows'),
  fine('same_question_id', 'asks again and again under one id'),
  fine('answers_to_nothing', 'answers requests that were never sent'),
  row('asks_who_cannot', 'asks a client that cannot be asked', 'missing_capability', { era: 'modern', status: 400 }),
  row('asks_unknown', 'asks what no client knows', 'missing_capability', { era: 'modern', status: 400 }),
  row('asks_too_much', 'asks 500 questions at once', 'upstream_failed', { era: 'modern' }),
  row('asks_nothing', 'wants input, but none in particular', 'upstream_failed', { era: 'modern' }),
  row('asks_in_text', 'asks in words', 'upstream_failed', { era: 'modern' }),
  row('asks_null', 'asks null', 'upstream_failed', { era: 'modern' }),
  row('state_number', 'gives a state that is a number', 'upstream_failed', { era: 'modern' }),
  row('state_huge', 'gives a state too large to be brought back', 'upstream_failed', { era: 'modern' }),
  row('asks_and_insists', 'asks a client that cannot be asked, and fails', 'missing_capability', {
    era: 'legacy',
    status: 400,
  }),
  fine('asks_and_goes_on', 'asks a client that cannot be asked, and goes on', 'legacy'),
];

export const PROCESS_ROWS: readonly Row[] = [
  fine('prompts', 'writes prompts and junk to its stdout'),
  fine('invalid_utf8', 'writes invalid UTF-8'),
  fine('carriage_returns', 'ends its lines as on another system'),
  fine('stderr_flood', 'floods its stderr'),
  silent('byte_order_mark', 'begins with a byte order mark'),
  lost('endless_line', 'writes a line without an end', 'upstream_timeout'),
  lost('huge_nameless_line', 'writes a huge line that says not whose it is'),
  lost('half_and_exit', 'exits in the middle of its answer'),
  lost('crash', 'exits'),
  lost('abort', 'is killed'),
  lost('pipe_keeper', 'exits and leaves its pipes to a child'),
];

export const BYTE_ROWS: readonly Row[] = [
  failed('html_page', 'answers with a web page'),
  failed('empty_page', 'answers with an empty body'),
  failed('json_no_message', 'answers with JSON that is no message'),
  failed('no_content', 'answers 204'),
  failed('accepted', 'answers 202'),
  failed('redirect', 'redirects the call elsewhere (307)'),
  failed('moved', 'redirects the call elsewhere (301)'),
  failed('bad_request', 'answers 400'),
  row('unauthorized', 'answers 401', 'upstream_needs_auth'),
  row('forbidden', 'answers 403', 'upstream_needs_auth'),
  row('too_many_requests', 'answers 429 and to come back in three years', 'upstream_unavailable'),
  row('server_error', 'answers 500', 'outcome_unknown'),
  row('bad_gateway', 'answers 502', 'outcome_unknown'),
  row('unavailable', 'answers 503', 'upstream_unavailable'),
  row('odd_status', 'answers 999', 'outcome_unknown'),
  row('protocol_switch', 'switches protocols', ['outcome_unknown', 'upstream_timeout']),
  row('not_http', 'speaks another protocol', 'outcome_unknown'),
  row('half_then_end', 'breaks off its answer', 'outcome_unknown'),
  row('closes_at_once', 'closes the connection', 'outcome_unknown'),
  failed('gzip', 'answers in gzip, unasked'),
  row('gzip_bomb', 'answers with a gzip bomb', 'upstream_failed'),
  row('two_lengths', 'gives two lengths', 'outcome_unknown'),
  row('length_and_chunked', 'gives a length and chunks', 'outcome_unknown'),
  row('chunk_garbage', 'sends chunks that are none', 'outcome_unknown'),
  row('endless_head', 'sends a head without an end', 'outcome_unknown'),
  row('endless_interim', 'sends informational answers without an end', 'outcome_unknown'),
  failed('endless_body', 'sends a body without an end'),
  failed('endless_event', 'sends an event without an end'),
  failed('endless_empty_lines', 'sends an event of empty lines without an end'),
  fine('ping_flood', 'pings 3,000 times and takes no answer', 'legacy'),
  silent('endless_comments', 'sends nothing but comments'),
  silent('slow_body', 'sends its answer byte by byte'),
  fine('garbage_events', 'sends junk before its answer'),
  failed('byte_order_mark', 'begins with a byte order mark'),
  fine('text_type', 'calls its answer text'),
  row('json_error_500', 'answers 500 with an error of its own', -32099),
  fine('other_session', 'names another session in mid-session'),
  fine('poisoned_connection', 'answers requests ahead of their being sent'),
];
