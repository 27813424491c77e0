/** GitHub, as the reference server answers: JSON texts, and errors in words. */

import { type Arguments, daysAgo, pageOf, type RecordedServer, ToolFault } from './recorded-server.ts';

const LABELS = [['bug'], ['bug', 'p1'], ['feature'], [], ['docs'], ['bug', 'customer']];
const PEOPLE = ['ada', 'bob', 'carol', 'dave'];
const TITLES = [
  ...[
    'Login fails on Safari',
    'Timeout on large uploads',
    'Add dark mode',
    'Upgrade TypeScript',
    'Broken link in README',
  ],
  ...['Crash when cart is empty', 'Webhook retries twice', 'Support SSO', 'Flaky test in CI', 'Typo in error message'],
];
const REPOS: { readonly [name: string]: number } = { api: 25, web: 12, cli: 3 };
const LANGUAGES: { readonly [name: string]: string } = { api: 'Go', web: 'TypeScript', cli: 'Go' };

interface Issue {
  readonly number: number;
  readonly [member: string]: unknown;
}

function issuesOf(repo: string): readonly Issue[] {
  return Array.from({ length: REPOS[repo] ?? 0 }, (_, i) => ({
    number: 101 + i,
    title: TITLES[i % TITLES.length],
    state: i % 4 === 3 ? 'closed' : 'open',
    labels: (LABELS[i % LABELS.length] ?? []).map((name, at) => ({ id: 10 * i + at, name })),
    user: { login: PEOPLE[i % PEOPLE.length], id: 900 + (i % PEOPLE.length) },
    assignee: i % 3 === 0 ? { login: PEOPLE[(i + 1) % PEOPLE.length] } : null,
    comments: (i * 3) % 7,
    created_at: `2026-0${1 + (i % 9)}-1${i % 10}T09:30:00Z`,
    updated_at: i % 5 === 0 ? daysAgo(200 + i) : daysAgo(1 + (i % 5)),
    body: i % 2 === 0 ? `Steps:\n1. open\n2. click #${100 + i}\n\nSee https://example.com/${i}` : null,
    html_url: `https://github.com/acme/${repo}/issues/${101 + i}`,
  }));
}

function pullsOf(repo: string): readonly Issue[] {
  return Array.from({ length: repo === 'cli' ? 0 : 6 }, (_, i) => ({
    number: 41 + i,
    title: `${['Fix', 'Add', 'Remove'][i % 3]} ${TITLES[i]?.toLowerCase()}`,
    state: 'open',
    draft: i % 3 === 2,
    user: { login: PEOPLE[i % PEOPLE.length] },
    created_at: daysAgo(3 * i + 1),
    head: { ref: `branch-${i}`, sha: `sha${i}` },
    base: { ref: 'main' },
    additions: 10 * (i + 1),
    deletions: 3 * i,
  }));
}

const found = <T>(value: T | undefined): T => {
  if (value === undefined) throw new ToolFault('Not Found: Resource not found: Not Found');
  return value;
};

export function createGithub(): RecordedServer {
  let made = 500;
  const repoOf = ({ owner, repo }: Arguments): string => {
    if (owner !== 'acme' || typeof repo !== 'string' || REPOS[repo] === undefined) return found<string>(undefined);
    return repo;
  };
  const pull = (args: Arguments): Issue =>
    found(pullsOf(repoOf(args)).find(({ number }) => number === args.pull_number));
  const where = { owner: 'string', repo: 'string' } as const;
  return {
    list_issues: {
      description: 'List issues in a GitHub repository with filtering options',
      parameters: { ...where, 'state?': 'string', 'labels?': 'array', 'page?': 'number', 'per_page?': 'number' },
      answer: (args) => {
        const wanted = Array.isArray(args.labels) ? args.labels : [];
        const state = args.state ?? 'open';
        const all = issuesOf(repoOf(args)).filter(
          (issue) =>
            (state === 'all' || issue.state === state) &&
            wanted.every((name) => (issue.labels as { name: string }[]).some((label) => label.name === name)),
        );
        return pageOf(all, args.page, args.per_page, 30);
      },
    },
    get_issue: {
      description: 'Get details of a specific issue in a GitHub repository.',
      parameters: { ...where, issue_number: 'number' },
      answer: (args) => found(issuesOf(repoOf(args)).find(({ number }) => number === args.issue_number)),
    },
    create_issue: {
      description: 'Create a new issue in a GitHub repository',
      parameters: { ...where, title: 'string', 'body?': 'string', 'labels?': 'array', 'assignees?': 'array' },
      answer: (args) => {
        if (args.title === '') throw new ToolFault('Validation Error: Validation Failed');
        made++;
        return { number: made, html_url: `https://github.com/acme/${repoOf(args)}/issues/${made}`, title: args.title };
      },
    },
    update_issue: {
      description: 'Update an existing issue in a GitHub repository',
      parameters: { ...where, issue_number: 'number', 'state?': 'string', 'labels?': 'array', 'title?': 'string' },
      answer: (args) => ({ number: args.issue_number, state: args.state ?? 'open', repo: repoOf(args) }),
    },
    add_issue_comment: {
      description: 'Add a comment to an existing issue',
      parameters: { ...where, issue_number: 'number', body: 'string' },
      answer: (args) => ({ id: 7000 + Number(args.issue_number), body: args.body, repo: repoOf(args) }),
    },
    list_pull_requests: {
      description: 'List and filter repository pull requests',
      parameters: { ...where, 'state?': 'string', 'per_page?': 'number', 'page?': 'number' },
      answer: (args) => pageOf(pullsOf(repoOf(args)), args.page, args.per_page, 30),
    },
    get_pull_request: {
      description: 'Get details of a specific pull request',
      parameters: { ...where, pull_number: 'number' },
      answer: pull,
    },
    get_pull_request_files: {
      description: 'Get the list of files changed in a pull request',
      parameters: { ...where, pull_number: 'number' },
      answer: (args) =>
        Array.from({ length: (pull(args).number % 4) + 1 }, (_, i) => ({
          filename: ['src/app.ts', 'src/lib/http.ts', 'README.md', 'test/app.test.ts'][i],
          status: i === 1 ? 'added' : 'modified',
          ...{ additions: 5 * (i + 1), deletions: i, changes: 5 * (i + 1) + i },
        })),
    },
    get_pull_request_reviews: {
      description: 'Get the reviews on a pull request',
      parameters: { ...where, pull_number: 'number' },
      answer: (args) => {
        const { number } = pull(args);
        if (number === 44) throw new ToolFault('Failed to get reviews: 502 Bad Gateway');
        return PEOPLE.slice(0, number % 3).map((login, i) => ({
          user: { login },
          state: i === 0 && number % 2 === 0 ? 'CHANGES_REQUESTED' : 'APPROVED',
        }));
      },
    },
    get_pull_request_status: {
      description: 'Get the combined status of all status checks for a pull request',
      parameters: { ...where, pull_number: 'number' },
      answer: (args) => ({ state: ['success', 'failure', 'pending'][pull(args).number % 3], total_count: 2 }),
    },
    list_commits: {
      description: 'Get list of commits of a branch in a GitHub repository',
      parameters: { ...where, 'sha?': 'string', 'page?': 'number', 'perPage?': 'number' },
      answer: (args) =>
        pageOf(
          Array.from({ length: REPOS[repoOf(args)] ?? 0 }, (_, i) => ({
            sha: `${repoOf(args)}${String(i).padStart(4, '0')}`,
            commit: {
              author: { name: PEOPLE[i % 3], date: `2026-11-${String(1 + (i % 14)).padStart(2, '0')}T10:00:00Z` },
              message: `${['fix', 'feat', 'chore'][i % 3]}: change ${i}\n\nDetails`,
            },
          })),
          args.page,
          args.perPage,
          30,
        ),
    },
    search_repositories: {
      description: 'Search for GitHub repositories',
      parameters: { query: 'string', 'page?': 'number', 'perPage?': 'number' },
      answer: () => ({
        total_count: 3,
        incomplete_results: false,
        items: Object.keys(REPOS).map((name) => ({
          ...{ name, full_name: `acme/${name}`, private: name === 'cli', language: LANGUAGES[name] },
          ...{ stargazers_count: 100 * name.length, owner: { login: 'acme' } },
        })),
      }),
    },
    get_file_contents: {
      description: 'Get the contents of a file or directory from a GitHub repository',
      parameters: { ...where, path: 'string', 'branch?': 'string' },
      answer: (args) => {
        const texts: { readonly [path: string]: string } = {
          'package.json': `{"name":"@acme/${repoOf(args)}","version":"1.${REPOS[repoOf(args)]}.0","dependencies":{"left-pad":"1.3.0","express":"^4.18.2"}}`,
          'data/people.csv': 'name,team,salary\nAda,core,120000\nBob,web,95000\n"Carol, PhD",core,130500\nDave,web,\n',
        };
        const text = found(texts[String(args.path)]);
        const { length } = text;
        const content = Buffer.from(text).toString('base64');
        return { name: args.path, path: args.path, size: length, encoding: 'base64', content };
      },
    },
  };
}
