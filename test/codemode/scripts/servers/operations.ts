/** What runs, and what is known of it: Kubernetes, GitLab pipelines, PostgreSQL. */

import { daysAgo, pageOf, type RecordedServer, ToolFault } from './recorded-server.ts';

const PODS: readonly (readonly [namespace: string, name: string, phase: string, restarts: number])[] = [
  ['shop', 'cart-7d9f-abcde', 'Running', 0],
  ['shop', 'checkout-5c6b-fghij', 'CrashLoopBackOff', 14],
  ['shop', 'search-6f7d-klmno', 'Running', 2],
  ['billing', 'invoice-9a8b-pqrst', 'Pending', 0],
  ['billing', 'ledger-4e5f-uvwxy', 'Running', 7],
];

export function createKubernetes(): RecordedServer {
  let failures = 2;
  return {
    kubectl_get: {
      description: 'Get or list Kubernetes resources',
      parameters: {
        resourceType: 'string',
        'name?': 'string',
        'namespace?': 'string',
        'output?': 'string',
        'allNamespaces?': 'boolean',
      },
      answer: ({ resourceType, namespace, allNamespaces }) => {
        if (resourceType === 'nodes' && failures-- > 0)
          throw new ToolFault('Failed to get resource: dial tcp 10.0.0.1:443: connect: connection refused');
        if (resourceType === 'nodes')
          return { items: [{ metadata: { name: 'node-1' } }, { metadata: { name: 'node-2' } }] };
        if (resourceType === 'namespaces')
          return { items: ['shop', 'billing', 'kube-system'].map((name) => ({ metadata: { name } })) };
        const items = PODS.filter(([of]) => allNamespaces === true || of === (namespace ?? 'default')).map(
          ([of, name, phase, restarts]) => ({
            metadata: { name, namespace: of, creationTimestamp: daysAgo(restarts + 1) },
            status: {
              phase: phase === 'CrashLoopBackOff' ? 'Running' : phase,
              containerStatuses: [
                {
                  ...{ name: name.split('-')[0], restartCount: restarts, ready: phase === 'Running' },
                  state: phase === 'Running' ? { running: {} } : { waiting: { reason: phase } },
                },
              ],
            },
            spec: { containers: [{ resources: { requests: { cpu: `${100 + 50 * restarts}m`, memory: '256Mi' } } }] },
          }),
        );
        return { kind: 'List', items };
      },
    },
    kubectl_logs: {
      description: 'Get logs from Kubernetes resources',
      parameters: { resourceType: 'string', name: 'string', namespace: 'string', 'tail?': 'number' },
      answer: ({ name }) => {
        if (String(name).startsWith('invoice')) throw new ToolFault('container "invoice" in pod is waiting to start');
        return [
          ...[
            '2026-11-23T10:00:00Z INFO  starting',
            `2026-11-23T10:00:01Z WARN  slow query took 1532ms id=${String(name).length}`,
          ],
          ...[
            '2026-11-23T10:00:02Z ERROR connection to db:5432 refused',
            '2026-11-23T10:00:03Z ERROR retry 1 of 3 failed',
          ],
          ...(String(name).startsWith('checkout') ? ['2026-11-23T10:00:04Z FATAL giving up'] : []),
        ].join('\n');
      },
    },
    kubectl_scale: {
      description: 'Scale a Kubernetes deployment',
      parameters: { name: 'string', replicas: 'number', 'namespace?': 'string', 'resourceType?': 'string' },
      answer: ({ name, replicas }) => `Scaled deployment ${name} to ${replicas} replicas`,
    },
  };
}

export function createGitlab(): RecordedServer {
  const STATES = ['success', 'failed', 'success', 'running', 'failed', 'canceled'];
  return {
    list_projects: {
      description: 'List projects accessible by the current user',
      parameters: { 'search?': 'string', 'page?': 'number', 'per_page?': 'number' },
      answer: ({ page, per_page: size }) =>
        pageOf(
          ['core', 'shop', 'docs', 'infra', 'mobile'].map((name, i) => ({
            ...{ id: 11 + i, name, path_with_namespace: `acme/${name}`, default_branch: 'main', star_count: i * i },
            ...{ last_activity_at: i === 2 ? daysAgo(400) : daysAgo(i + 1) },
          })),
          ...([page, size, 20] as const),
        ),
    },
    list_pipelines: {
      description: 'List pipelines in a GitLab project with filtering options',
      parameters: {
        project_id: 'string',
        'status?': 'string',
        'ref?': 'string',
        'page?': 'number',
        'per_page?': 'number',
      },
      answer: ({ project_id: project, status, ref, page, per_page: size }) => {
        if (project === '13') throw new ToolFault('GitLab API error: 403 Forbidden');
        const all = STATES.map((state, i) => ({
          ...{ id: Number(project) * 100 + i, status: state, ref: i % 2 === 0 ? 'main' : `feature/${i}` },
          ...{
            created_at: `2026-11-0${i + 1}T08:00:00.000Z`,
            updated_at: `2026-11-0${i + 1}T08:${10 + 7 * i}:30.000Z`,
          },
        }));
        const wanted = all.filter((each) => each.status === (status ?? each.status) && each.ref === (ref ?? each.ref));
        return pageOf(wanted, page, size, 20);
      },
    },
    list_pipeline_jobs: {
      description: 'List all jobs in a specific pipeline',
      parameters: { project_id: 'string', pipeline_id: 'string', 'scope?': 'string' },
      answer: ({ pipeline_id: pipeline, scope }) =>
        ['build', 'test', 'lint', 'deploy']
          .map((name, i) => ({
            ...{ id: Number(pipeline) * 10 + i, name, stage: name === 'lint' ? 'test' : name },
            ...{ status: (Number(pipeline) + i) % 4 === 1 ? 'failed' : 'success', duration: 30.5 * (i + 1) },
          }))
          .filter(({ status }) => scope === undefined || status === scope),
    },
    list_merge_requests: {
      description: 'List merge requests',
      parameters: { 'project_id?': 'string', 'state?': 'string', 'page?': 'number', 'per_page?': 'number' },
      answer: ({ project_id: project, page, per_page: size }) =>
        pageOf(
          Array.from({ length: 5 }, (_, i) => ({
            ...{
              iid: i + 1,
              project_id: Number(project),
              title: `${i % 2 === 0 ? 'Draft: ' : ''}Change ${i}`,
              state: 'opened',
            },
            ...{
              author: { username: ['ada', 'bob'][i % 2] },
              upvotes: i,
              labels: i === 0 ? [] : ['team::core', `p${i}`],
            },
          })),
          ...([page, size, 20] as const),
        ),
    },
  };
}

export function createPostgres(): RecordedServer {
  return {
    query: {
      description: 'Run a read-only SQL query',
      parameters: { 'sql?': 'string' },
      answer: ({ sql }) => {
        const text = String(sql).toLowerCase();
        if (!text.trimStart().startsWith('select')) throw new ToolFault('cannot execute in a read-only transaction');
        if (text.includes('information_schema')) return [{ table_name: 'users' }, { table_name: 'orders' }];
        if (text.includes('count(')) return [{ count: text.includes('orders') ? '240' : '31' }];
        if (text.includes('from orders'))
          return Array.from({ length: 8 }, (_, i) => ({
            ...{ id: i + 1, user_id: (i % 3) + 1, total: ['19.99', '5.00', '120.10', '0.01'][i % 4] },
            ...{ status: ['paid', 'open', 'refunded'][i % 3], ordered_at: `2026-10-${10 + i}T12:00:00.000Z` },
          }));
        return ['Ada', 'Bob', 'Carol'].map((name, i) => ({
          id: i + 1,
          name,
          email: `${name.toLowerCase()}@example.com`,
        }));
      },
    },
  };
}
