/** Where work is kept: Jira (one generic tool a verb), Airtable (structured content), Notion (names with dashes). */

import { type RecordedServer, ToolFault } from './recorded-server.ts';

const STATUSES = ['To Do', 'In Progress', 'Done', 'In Progress', 'To Do', 'Blocked'];

const jiraIssue = (i: number): object => ({
  ...{ id: `${10_000 + i}`, key: `PAY-${i}` },
  fields: {
    ...{ summary: `Payment task ${i}`, status: { name: STATUSES[i % 6] } },
    ...{ priority: { name: ['High', 'Medium', 'Low'][i % 3] }, customfield_10016: i % 4 === 0 ? null : (i % 5) + 1 },
    assignee: i % 3 === 2 ? null : { displayName: ['Ada', 'Bob'][i % 2], accountId: `acc${i % 2}` },
    duedate: i % 2 === 0 ? `2026-01-${String(10 + (i % 20)).padStart(2, '0')}` : null,
  },
});

export function createJira(): RecordedServer {
  const TOTAL = 23;
  const more = { 'queryParams?': 'object', 'jq?': 'string', 'outputFormat?': 'string' } as const;
  return {
    jira_get: {
      description: 'Read any Jira data',
      parameters: { path: 'string', ...more },
      answer: ({ path, queryParams }) => {
        const query = (queryParams ?? {}) as { readonly [name: string]: string };
        const one = /^\/rest\/api\/3\/issue\/PAY-(\d+)$/.exec(String(path))?.[1];
        if (one !== undefined && Number(one) <= TOTAL) return jiraIssue(Number(one));
        if (path !== '/rest/api/3/search') throw new ToolFault(`Error: Jira API error: 404 Not Found for ${path}`);
        const from = Number(query.startAt ?? 0);
        const count = Math.min(Number(query.maxResults ?? 50), 10);
        const issues = Array.from({ length: Math.max(0, Math.min(count, TOTAL - from)) }, (_, i) =>
          jiraIssue(from + i + 1),
        );
        return { startAt: from, maxResults: count, total: TOTAL, issues };
      },
    },
    jira_post: {
      description: 'Create Jira resources',
      parameters: { path: 'string', body: 'object', ...more },
      answer: ({ path, body }) => {
        const fields = (body as { fields?: { summary?: string } }).fields;
        if (path === '/rest/api/3/issue' && fields?.summary === undefined)
          throw new ToolFault('Error: Jira API error: 400 {"errors":{"summary":"Field \'summary\' is required"}}');
        return { id: '20001', key: 'PAY-900', self: 'https://acme.atlassian.net/rest/api/3/issue/20001' };
      },
    },
  };
}

const ROWS = ['Ada', 'Bob', 'Carol', 'Dave', 'Eve', 'Frank'].map((name, i) => ({
  id: `rec${i}`,
  fields: {
    ...{
      Name: name,
      Amount: [1200.5, 80, 310.25, 80, 45.75, 999][i],
      Status: ['Paid', 'Open', 'Paid', 'Overdue', 'Open', 'Overdue'][i],
    },
    ...{ Date: `2026-0${1 + (i % 3)}-0${i + 1}`, Tags: i % 2 === 0 ? ['vip', 'eu'] : ['us'] },
    ...(i === 4 ? {} : { Email: `${name.toLowerCase()}@example.com` }),
  },
}));

export function createAirtable(): RecordedServer {
  const where = { baseId: 'string', tableId: 'string' } as const;
  return {
    list_records: {
      description: 'List records from a table',
      parameters: { ...where, 'maxRecords?': 'number', 'filterByFormula?': 'string' },
      answer: ({ tableId }) => {
        if (tableId !== 'Invoices')
          throw new ToolFault(`Airtable API Error: Not Found. Could not find table ${tableId}`);
        return { records: ROWS };
      },
      structured: true,
    },
    update_records: {
      description: 'Update up to 10 records in a table',
      parameters: { ...where, records: 'array' },
      answer: ({ records }) => {
        if ((records as unknown[]).length > 2) throw new ToolFault('Airtable API Error: too many records');
        return { records };
      },
      structured: true,
    },
    create_record: {
      description: 'Create a new record in a table',
      parameters: { ...where, fields: 'object' },
      answer: ({ fields }) => ({ id: 'recNew', fields }),
      structured: true,
    },
  };
}

export function createNotion(): RecordedServer {
  const page = (i: number): object => ({
    ...{ object: 'page', id: `page-${i}`, archived: false, url: `https://notion.so/page-${i}` },
    properties: {
      Name: { type: 'title', title: i === 3 ? [] : [{ plain_text: `Task ${i}`, text: { content: `Task ${i}` } }] },
      Status: { type: 'status', status: i % 3 === 0 ? null : { name: ['Doing', 'Done'][i % 2] } },
      Points: { type: 'number', number: i % 2 === 0 ? i : null },
      Tags: { type: 'multi_select', multi_select: [{ name: 'a' }, { name: 'b' }].slice(0, i % 3) },
      Due: { type: 'date', date: i % 2 === 1 ? { start: `2026-03-0${i}`, end: null } : null },
    },
  });
  return {
    'API-query-data-source': {
      description: 'Query a data source',
      parameters: { data_source_id: 'string', 'start_cursor?': 'string', 'page_size?': 'number' },
      answer: ({ start_cursor: cursor, page_size: size }) => {
        const from = typeof cursor === 'string' ? Number(cursor.slice(2)) : 0;
        const to = Math.min(from + Math.min(typeof size === 'number' ? size : 100, 3), 7);
        const results = Array.from({ length: to - from }, (_, i) => page(from + i + 1));
        return { object: 'list', results, next_cursor: to < 7 ? `c-${to}` : null, has_more: to < 7 };
      },
    },
    'API-post-page': {
      description: 'Create a page',
      parameters: { parent: 'object', properties: 'object', 'children?': 'array' },
      answer: () => ({ object: 'page', id: 'page-new', url: 'https://notion.so/page-new' }),
    },
    'API-patch-page': {
      description: 'Update page properties',
      parameters: { page_id: 'string', 'properties?': 'object', 'archived?': 'boolean' },
      answer: ({ page_id: id }) => ({ object: 'page', id }),
    },
  };
}
