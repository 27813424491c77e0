/** The scripts of the suite: what models write when they are shown signatures, and what CPython makes of it. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Arguments } from './servers/recorded-server.ts';

export const FOLDER = import.meta.dirname;

export interface Expected {
  /** The value; null where it has none, or prints it. */
  readonly gives: unknown;
  readonly printed: string;
  /** What arrives, in any order: the calls of servers that are recorded with their arguments, of real ones without. */
  readonly calls: readonly (readonly [tool: string, args?: Arguments])[];
}

export interface SuiteScript {
  readonly name: string;
  readonly code: string;
  readonly together: Together | undefined;
  /** Whether it uses a real server, or forgets an `await` that CPython would need: what it gives was written by hand. */
  readonly isByHand: boolean;
}

/** So many calls of a tool have to be under way at once. */
export interface Together {
  readonly tool: string;
  readonly calls: number;
}

const TOGETHER: { readonly [script: string]: Together } = {
  'airtable-batch-update': { tool: 'airtable.update_records', calls: 2 },
  'cross-audit-queue': { tool: 'github.list_pull_requests', calls: 2 },
  'cross-people-directory': { tool: 'github.list_issues', calls: 1 },
  'cross-sync-issues-to-airtable': { tool: 'airtable.create_record', calls: 3 },
  'github-dependencies': { tool: 'github.get_file_contents', calls: 3 },
  'github-issue-digest': { tool: 'github.list_issues', calls: 3 },
  'github-pr-review-queue': { tool: 'github.get_pull_request_files', calls: 4 },
  'gitlab-failed-pipelines': { tool: 'gitlab.list_pipelines', calls: 5 },
  'gitlab-merge-request-owners': { tool: 'gitlab.list_merge_requests', calls: 4 },
  'jira-overdue-dates': { tool: 'jira.jira_get', calls: 1 },
  'kubernetes-unhealthy-pods': { tool: 'kubernetes.kubectl_logs', calls: 3 },
  'notion-tasks': { tool: 'notion.API-patch-page', calls: 2 },
  'postgres-join-orders': { tool: 'postgres.query', calls: 3 },
  'slack-broadcast-retry': { tool: 'slack.slack_post_message', calls: 4 },
  'slack-incident-timeline': { tool: 'slack.slack_get_channel_history', calls: 2 },
  'slack-profiles-semaphore': { tool: 'slack.slack_get_user_profile', calls: 3 },
};
const BY_HAND = /^(files|memory|everything)-|^github-forgotten-await$/;

export function readScripts(): readonly SuiteScript[] {
  const names = readdirSync(join(FOLDER, 'python')).map((file) => file.replace(/\.py$/, ''));
  return names.sort().map((name) => ({
    name,
    code: readFileSync(join(FOLDER, 'python', `${name}.py`), 'utf8'),
    together: TOGETHER[name],
    isByHand: BY_HAND.test(name),
  }));
}

export const expectedFile = (name: string): string => join(FOLDER, 'expected', `${name}.json`);
export const readExpected = (name: string): Expected =>
  JSON.parse(readFileSync(expectedFile(name), 'utf8')) as Expected;

/** Of a tool as a script calls it: a name that Python can write. */
export const methodOf = (tool: string): string => tool.replace(/[^\w]/g, '_');

/** Comparable whatever the order of parallel calls. */
export const inOrder = (calls: Expected['calls']): string[] =>
  calls.map(([tool, args]) => `${tool} ${JSON.stringify(args ?? {})}`).sort();
