/**
 * What the pretended servers answer: rows as the real ones have them, made from the arguments alone, so that a task means the same in
 * every mode. Ids, numbers and titles stay the same when results are made longer; texts grow.
 */

type Json = Record<string, unknown>;

const WORDS =
  'the gateway fails to renew its token when a proxy closes idle connections between two calls of one session and reports a stale cursor to clients that page through long lists after an upgrade'.split(
    ' ',
  );

/** The same words for the same seed. */
export function words(seed: string, count: number): string {
  let state = 2_166_136_261;
  for (const char of seed) state = Math.imul(state ^ (char.codePointAt(0) ?? 0), 16_777_619) >>> 0;
  const picked = Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return WORDS[state % WORDS.length] ?? '';
  });
  return picked.join(' ');
}

const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const text = (value: unknown): string => String(value);

const person = (id: number): Json => ({
  ...{ login: `dev${id}`, id, avatar_url: `https://avatars.example/u/${id}?v=4` },
  ...{ url: `https://api.example/users/dev${id}`, html_url: `https://github.example/dev${id}` },
});
const issue = (repo: string, number: number, bodyWords: number): Json => ({
  ...{ id: 900_000 + number, number, title: `${words(`${repo}#${number}`, 6)} (${number})`, state: 'open' },
  user: person(number % 7),
  labels: [{ name: number % 3 === 0 ? 'bug' : 'feature' }],
  ...{ comments: number % 5, created_at: '2026-10-02T08:00:00Z', updated_at: '2026-11-20T08:00:00Z' },
  ...{ html_url: `https://github.example/${repo}/issues/${number}`, body: words(`body ${number}`, bodyWords) },
});
const branch = (ref: string): Json => ({
  ...{ ref, sha: `${ref}0123456789abcdef`, label: `acme:${ref}`, user: person(3) },
  repo: {
    ...{ name: 'api', full_name: 'acme/api', private: true, owner: person(9), description: words('repository', 20) },
    ...{ html_url: 'https://github.example/acme/api', default_branch: 'main', language: 'TypeScript', topics: [] },
  },
});
const pull = (number: number, bodyWords: number): Json => ({
  ...issue('pulls', number, bodyWords),
  ...{ merged: true, merged_at: '2026-11-18T10:00:00Z', additions: 40 + number, deletions: number, changed_files: 2 },
  ...Object.fromEntries(['head', 'base'].map((end) => [end, branch(`${end}-${number}`)])),
  requested_reviewers: times(3, person),
});
const message = (channel: string, i: number, bodyWords: number): Json => ({
  ...{ type: 'message', user: `U${i % 5}`, ts: `17000000${i}.000${channel.length}` },
  ...{ text: words(`${channel}${i}`, bodyWords), reply_count: i === 2 ? 4 : 0 },
});
const record = (table: string, i: number, bodyWords: number): Json => ({
  id: `rec${i}`,
  fields: {
    ...{ Name: `${words(`${table}${i}`, 4)} ${i}`, Status: i % 3 === 0 ? 'Todo' : 'Done' },
    ...{ Notes: words(`notes ${i}`, bodyWords), Owner: `dev${i % 4}` },
  },
});

/** `scale`: how many times as long texts are. */
type Make = (args: Json, scale: number) => unknown;

const MAKERS: { readonly [tool: string]: Make } = {
  'github/list_issues': ({ repo }, scale) => times(24, (i) => issue(text(repo), 101 + i, 100 * scale)),
  'github/search_issues': ({ q }, scale) => ({
    ...{ total_count: 3, incomplete_results: false, items: times(3, (i) => issue(text(q), 301 + i, 250 * scale)) },
  }),
  'github/get_issue': ({ repo, issue_number }, scale) => issue(text(repo), Number(issue_number), 400 * scale),
  'github/create_issue': ({ repo, title }) => ({
    ...{ number: 500 + text(title).length, title, state: 'open' },
    html_url: `https://github.example/${text(repo)}/issues/${500 + text(title).length}`,
  }),
  'github/update_issue': ({ issue_number, labels }) => ({ number: issue_number, state: 'open', labels }),
  'github/add_issue_comment': ({ issue_number }) => ({ id: 7_000 + Number(issue_number), body: 'ok' }),
  'github/search_code': ({ q }, scale) => ({
    total_count: 3,
    items: times(3, (i) => ({
      ...{ name: `file${i}.ts`, path: `src/part${i}/file${i}.ts`, repository: { full_name: 'acme/api' } },
      ...{ score: 1 - i / 10, text_matches: [{ fragment: words(`${text(q)}${i}`, 40 * scale) }] },
    })),
  }),
  'github/get_file_contents': ({ path }, scale) => ({
    ...{ name: text(path).split('/').at(-1), path, sha: `blob-${text(path)}`, encoding: 'utf-8' },
    content: words(text(path), 2_600 * scale),
  }),
  'github/create_or_update_file': ({ path }) => ({ content: { path }, commit: { sha: 'abc123' } }),
  'github/list_commits': (_, scale) =>
    times(30, (i) => ({
      ...{ sha: `c0ffee${i}`, html_url: `https://github.example/acme/api/commit/c0ffee${i}` },
      commit: { message: words(`commit ${i}`, 25 * scale), author: { name: `dev${i % 4}`, date: '2026-11-18' } },
    })),
  'github/list_pull_requests': (_, scale) => times(6, (i) => pull(41 + i, 300 * scale)),
  'github/get_pull_request': ({ pull_number }, scale) => pull(Number(pull_number), 350 * scale),
  'github/get_pull_request_files': (_, scale) =>
    times(2, (i) => ({
      ...{ filename: `src/part${i}/file${i}.ts`, status: 'modified', additions: 30, deletions: 4 },
      patch: words(`patch ${i}`, 1_500 * scale),
    })),
  'github/get_pull_request_status': () => ({ state: 'success', statuses: [{ context: 'ci', state: 'success' }] }),
  'github/create_pull_request_review': ({ event }) => ({ id: 81, state: event }),
  'slack/slack_post_message': ({ channel_id }) => ({ ok: true, channel: channel_id, ts: '1700000099.0001' }),
  'slack/slack_list_channels': () => ({
    ok: true,
    channels: ['incidents', 'releases', 'support', 'backend'].map((name, i) => ({
      ...{ id: `C${i}`, name, is_archived: false, num_members: 10 + i, topic: { value: words(name, 12) } },
    })),
  }),
  'slack/slack_get_channel_history': ({ channel_id }, scale) => ({
    ...{ ok: true, messages: times(50, (i) => message(text(channel_id), i, 45 * scale)), has_more: false },
  }),
  'slack/slack_get_thread_replies': ({ channel_id, thread_ts }, scale) => ({
    ...{ ok: true, messages: times(5, (i) => message(`${text(channel_id)}${text(thread_ts)}`, i, 40 * scale)) },
  }),
  'airtable/list_records': ({ tableId }, scale) => ({
    records: times(24, (i) => record(text(tableId), i, 110 * scale)),
  }),
  'airtable/update_records': ({ records }) => ({ records }),
  'airtable/create_record': ({ fields }) => ({ id: 'rec99', fields }),
  'google_maps/maps_geocode': ({ address }) => ({
    location: { lat: 48 + text(address).length / 100, lng: 11 + text(address).length / 50 },
    ...{ formatted_address: `${text(address)}, 80331 Munich, Germany`, place_id: `place-${text(address)}` },
  }),
  'google_maps/maps_distance_matrix': ({ origins, destinations }) => ({
    results: (origins as string[]).map((origin, i) => ({
      ...{ origin_address: origin, destination_address: (destinations as string[])[0] },
      ...{ distance: { value: 1_000 * (i + 3), text: `${i + 3} km` }, duration: { value: 600 + 60 * i } },
    })),
  }),
  'google_maps/maps_search_places': ({ query }, scale) => ({
    places: times(4, (i) => ({
      ...{ name: `Place ${i}`, place_id: `p${i}`, formatted_address: `${i} Main Street`, rating: 4 + i / 10 },
      ...{ types: ['restaurant'], summary: words(`${text(query)}${i}`, 30 * scale) },
    })),
  }),
  'google_maps/maps_place_details': ({ place_id }, scale) => ({
    ...{ name: `Place ${text(place_id).slice(1)}`, rating: 4.5, formatted_phone_number: `+49 89 ${text(place_id)}` },
    reviews: times(5, (i) => ({
      author_name: `guest${i}`,
      rating: 4,
      text: words(`${text(place_id)}${i}`, 130 * scale),
    })),
  }),
  'playwright/browser_navigate': ({ url }, scale) => `Page: ${text(url)}\n${snapshot(text(url), scale)}`,
  'playwright/browser_snapshot': (_, scale) => snapshot('now', 10 * scale),
  'playwright/browser_console_messages': (_, scale) =>
    times(3 * scale, (i) => `[ERROR] TypeError: cart.items is undefined at app.js:${40 + i}`).join('\n'),
  'filesystem/search_files': ({ path }) => ({ content: times(4, (i) => `${text(path)}/log${i}.txt`).join('\n') }),
  'filesystem/read_text_file': ({ path }, scale) => ({
    content: times(220 * scale, (i) => `${i % 10 === 3 ? 'ERROR' : 'INFO'} ${words(`${text(path)}${i}`, 14)}`).join(
      '\n',
    ),
  }),
  'filesystem/write_file': ({ path }) => ({ content: `Successfully wrote to ${text(path)}` }),
};

function snapshot(seed: string, scale: number): string {
  return times(12 * scale, (i) => `- listitem [ref=e${i}]: ${words(`${seed}${i}`, 12)}`).join('\n');
}

/** Throws an Error for a tool that no task uses. */
export function resultOf(tool: string, args: Json, scale: number): unknown {
  const make = MAKERS[tool];
  if (make === undefined) throw new Error(`no task calls ${tool}`);
  return make(args, scale);
}
