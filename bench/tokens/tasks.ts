/**
 * Fixed tasks and how a perfect model plays each: call by call, or searching first and then in Python. They use the servers of the
 * smallest set alone, so that what is added to it are tools that nobody needs.
 */

import { resultOf } from './results.ts';

type Json = Record<string, unknown>;

export interface TaskCall {
  /** `server/tool`, as its server names it. */
  readonly tool: string;
  readonly args: Json;
}

export interface Task {
  readonly name: string;
  readonly prompt: string;
  /** Calls that need nothing of one another stand in one level. */
  readonly levels: readonly (readonly TaskCall[])[];
  /** What is searched for: the description of the search names the servers. */
  readonly searches: readonly { readonly server: string; readonly query: string }[];
  /** One run after the other; from the second on because a model has to read something first. */
  readonly scripts: readonly string[];
  readonly answer: string;
}

const call = (tool: string, args: Json): TaskCall => ({ tool, args });
/** Of results as the pretended servers make them; only what does not grow may be read here. */
const look = <T>(tool: string, args: Json): T => resultOf(tool, args, 1) as T;

const REPO = { owner: 'acme', repo: 'api' };
type Issue = { readonly number: number; readonly title: string; readonly labels: readonly { readonly name: string }[] };

function issueDigest(): Task {
  const list = { ...REPO, state: 'open' };
  const issues = look<Issue[]>('github/list_issues', list);
  const bugs = issues.filter(({ labels }) => labels.some(({ name }) => name === 'bug'));
  const post = { channel_id: 'C0', text: `Open bugs: ${bugs.map(({ number }) => `#${number}`).join(', ')}` };
  return {
    name: 'issue digest',
    prompt: 'Post the numbers of all open bugs of acme/api to the Slack channel C0.',
    levels: [[call('github/list_issues', list)], [call('slack/slack_post_message', post)]],
    searches: [
      { server: 'github', query: 'list issues' },
      { server: 'slack', query: 'post a message' },
    ],
    scripts: [
      `issues = await github.list_issues(owner="acme", repo="api", state="open")
bugs = [i for i in issues if any(l["name"] == "bug" for l in i["labels"])]
await slack.slack_post_message(channel_id="C0", text="Open bugs: " + ", ".join(f"#{i['number']}" for i in bugs))
len(bugs)`,
    ],
    answer: 'I posted the open bugs of acme/api to C0.',
  };
}

function recordsToIssues(): Task {
  const list = { baseId: 'app1', tableId: 'Ideas' };
  const { records } = look<{ records: { id: string; fields: { Name: string; Status: string } }[] }>(
    'airtable/list_records',
    list,
  );
  const todo = records.filter(({ fields }) => fields.Status === 'Todo');
  const created = todo.map(({ fields }) => call('github/create_issue', { ...REPO, title: fields.Name }));
  const update = { ...list, records: todo.map(({ id }) => ({ id, fields: { Status: 'Filed' } })) };
  return {
    name: 'records to issues',
    prompt:
      'File an issue in acme/api for every record of the table Ideas (base app1) that is Todo, then mark it Filed.',
    levels: [[call('airtable/list_records', list)], created, [call('airtable/update_records', update)]],
    searches: [
      { server: 'airtable', query: 'list and update records' },
      { server: 'github', query: 'create an issue' },
    ],
    scripts: [
      `import asyncio
records = (await airtable.list_records(baseId="app1", tableId="Ideas"))["records"]
todo = [r for r in records if r["fields"]["Status"] == "Todo"]
made = await asyncio.gather(*[github.create_issue(owner="acme", repo="api", title=r["fields"]["Name"]) for r in todo])
await airtable.update_records(baseId="app1", tableId="Ideas", records=[{"id": r["id"], "fields": {"Status": "Filed"}} for r in todo])
[m["number"] for m in made]`,
    ],
    answer: 'Each idea that was Todo has an issue now and is marked Filed.',
  };
}

function pullRequestReview(): Task {
  const pull = { ...REPO, pull_number: 41 };
  const files = look<{ filename: string }[]>('github/get_pull_request_files', pull);
  const review = { ...pull, event: 'COMMENT', body: 'The renewal is not retried; see part0.' };
  return {
    name: 'pull request review',
    prompt: 'Review pull request 41 of acme/api: read what it changes and the files it changes, and leave a comment.',
    levels: [
      ['get_pull_request', 'get_pull_request_files', 'get_pull_request_status'].map((name) =>
        call(`github/${name}`, pull),
      ),
      files.map(({ filename }) => call('github/get_file_contents', { ...REPO, path: filename })),
      [call('github/create_pull_request_review', review)],
    ],
    searches: [
      { server: 'github', query: 'get a pull request, its files and status' },
      { server: 'github', query: 'get contents of a file, create a review' },
    ],
    scripts: [
      `import asyncio
pull, files, status = await asyncio.gather(
    github.get_pull_request(owner="acme", repo="api", pull_number=41),
    github.get_pull_request_files(owner="acme", repo="api", pull_number=41),
    github.get_pull_request_status(owner="acme", repo="api", pull_number=41),
)
texts = await asyncio.gather(*[github.get_file_contents(owner="acme", repo="api", path=f["filename"]) for f in files])
{"title": pull["title"], "ci": status["state"], "patches": [f["patch"] for f in files], "lines": [len(t["content"]) for t in texts]}`,
      `await github.create_pull_request_review(owner="acme", repo="api", pull_number=41, event="COMMENT", body="The renewal is not retried; see part0.")`,
    ],
    answer: 'I left a comment: the renewal is not retried.',
  };
}

function codeSearch(): Task {
  const search = { q: 'renewToken repo:acme/api' };
  const { items } = look<{ items: { path: string }[] }>('github/search_code', search);
  return {
    name: 'code search',
    prompt: 'Where in acme/api is renewToken used, and what does each place do with it?',
    levels: [
      [call('github/search_code', search)],
      items.map(({ path }) => call('github/get_file_contents', { ...REPO, path })),
    ],
    searches: [{ server: 'github', query: 'search code, get contents of a file' }],
    scripts: [
      `found = await github.search_code(q="renewToken repo:acme/api")
[(i["path"], i["text_matches"][0]["fragment"][:160]) for i in found["items"]]`,
      `import asyncio
texts = await asyncio.gather(*[github.get_file_contents(owner="acme", repo="api", path=i["path"]) for i in found["items"]])
{t["path"]: t["content"][:600] for t in texts}`,
    ],
    answer: 'It is used in three files, each of which renews before a call.',
  };
}

function channelScan(): Task {
  const { channels } = look<{ channels: { id: string }[] }>('slack/slack_list_channels', {});
  const histories = channels.map(({ id }) => ({ channel_id: id, limit: 50 }));
  const threads = histories.slice(0, 2).map((args) => {
    const { messages } = look<{ messages: { ts: string; reply_count: number }[] }>(
      'slack/slack_get_channel_history',
      args,
    );
    const thread_ts = messages.find(({ reply_count }) => reply_count > 0)?.ts ?? '';
    return { channel_id: args.channel_id, thread_ts };
  });
  const post = { channel_id: 'C1', text: 'Scanned 4 channels: 200 messages, 2 threads read.' };
  return {
    name: 'channel scan',
    prompt:
      'Scan the last 50 messages of every Slack channel, read the threads of the first two, and post a count to C1.',
    levels: [
      [call('slack/slack_list_channels', {})],
      histories.map((args) => call('slack/slack_get_channel_history', args)),
      threads.map((args) => call('slack/slack_get_thread_replies', args)),
      [call('slack/slack_post_message', post)],
    ],
    searches: [{ server: 'slack', query: 'list channels, history, thread replies, post message' }],
    scripts: [
      `import asyncio
channels = (await slack.slack_list_channels())["channels"]
histories = await asyncio.gather(*[slack.slack_get_channel_history(channel_id=c["id"], limit=50) for c in channels])
threads = []
for c, h in list(zip(channels, histories))[:2]:
    first = [m for m in h["messages"] if m["reply_count"] > 0][0]
    threads.append(slack.slack_get_thread_replies(channel_id=c["id"], thread_ts=first["ts"]))
replies = await asyncio.gather(*threads)
count = sum(len(h["messages"]) for h in histories)
await slack.slack_post_message(channel_id="C1", text=f"Scanned {len(channels)} channels: {count} messages, {len(replies)} threads read.")
{"messages": count, "threads": len(replies)}`,
    ],
    answer: 'There were 200 messages in four channels; I read two threads and posted the count.',
  };
}

function geocoding(): Task {
  const addresses = ['Marienplatz 1', 'Leopoldstrasse 20', 'Sendlinger Tor 3', 'Isartor 11', 'Odeonsplatz 5'];
  const formatted = addresses.map(
    (address) => look<{ formatted_address: string }>('google_maps/maps_geocode', { address }).formatted_address,
  );
  const matrix = { origins: formatted, destinations: ['Hauptbahnhof, Munich'] };
  const record = { baseId: 'app1', tableId: 'Routes', fields: { Stops: 5, Metres: 25_000 } };
  return {
    name: 'geocoding',
    prompt:
      'Geocode our five stops, sum up their distances to Hauptbahnhof and record that in table Routes (base app1).',
    levels: [
      addresses.map((address) => call('google_maps/maps_geocode', { address })),
      [call('google_maps/maps_distance_matrix', matrix)],
      [call('airtable/create_record', record)],
    ],
    searches: [
      { server: 'google_maps', query: 'geocode an address, distance matrix' },
      { server: 'airtable', query: 'create a record' },
    ],
    scripts: [
      `import asyncio
stops = ["Marienplatz 1", "Leopoldstrasse 20", "Sendlinger Tor 3", "Isartor 11", "Odeonsplatz 5"]
places = await asyncio.gather(*[google_maps.maps_geocode(address=s) for s in stops])
matrix = await google_maps.maps_distance_matrix(origins=[p["formatted_address"] for p in places], destinations=["Hauptbahnhof, Munich"])
metres = sum(r["distance"]["value"] for r in matrix["results"])
await airtable.create_record(baseId="app1", tableId="Routes", fields={"Stops": len(stops), "Metres": metres})
metres`,
    ],
    answer: 'The five stops are 25 km from Hauptbahnhof in all; it is recorded.',
  };
}

function browserCheck(): Task {
  const issue = { ...REPO, title: 'Cart fails: cart.items is undefined' };
  return {
    name: 'browser check',
    prompt:
      'Open https://shop.example/cart, look at the page and its console, and file an issue if something is broken.',
    levels: [
      [call('playwright/browser_navigate', { url: 'https://shop.example/cart' })],
      [call('playwright/browser_snapshot', {}), call('playwright/browser_console_messages', { level: 'error' })],
      [call('github/create_issue', issue)],
    ],
    searches: [
      { server: 'playwright', query: 'navigate to a url, snapshot, console messages' },
      { server: 'github', query: 'create an issue' },
    ],
    scripts: [
      `await playwright.browser_navigate(url="https://shop.example/cart")
page = await playwright.browser_snapshot()
errors = await playwright.browser_console_messages(level="error")
{"page": page[:800], "errors": errors.splitlines()[:5]}`,
      `(await github.create_issue(owner="acme", repo="api", title="Cart fails: cart.items is undefined"))["number"]`,
    ],
    answer: 'The cart is broken; I filed an issue.',
  };
}

function logErrors(): Task {
  const search = { path: '/var/log/app', pattern: '*.txt' };
  const { content } = look<{ content: string }>('filesystem/search_files', search);
  const paths = content.split('\n');
  const written = { path: '/var/log/app/summary.md', content: '4 files read' };
  return {
    name: 'log errors',
    prompt:
      'Read every .txt under /var/log/app, tell me whether all have errors, and note in summary.md how many you read.',
    levels: [
      [call('filesystem/search_files', search)],
      paths.map((path) => call('filesystem/read_text_file', { path })),
      [call('filesystem/write_file', written)],
    ],
    searches: [
      { server: 'filesystem', query: 'search files by pattern, read a text file' },
      { server: 'filesystem', query: 'write a file' },
    ],
    scripts: [
      `import asyncio
paths = (await filesystem.search_files(path="/var/log/app", pattern="*.txt"))["content"].splitlines()
texts = await asyncio.gather(*[filesystem.read_text_file(path=p) for p in paths])
errors = {p: sum(1 for line in t["content"].splitlines() if line.startswith("ERROR")) for p, t in zip(paths, texts)}
await filesystem.write_file(path="/var/log/app/summary.md", content=f"{len(paths)} files read")
errors`,
    ],
    answer: 'All four files have errors; the summary is written.',
  };
}

function oneIssue(): Task {
  return {
    name: 'one issue',
    prompt: 'What is issue 101 of acme/api about?',
    levels: [[call('github/get_issue', { ...REPO, issue_number: 101 })]],
    searches: [{ server: 'github', query: 'get an issue' }],
    scripts: [
      `issue = await github.get_issue(owner="acme", repo="api", issue_number=101)
{k: issue[k] for k in ("title", "state", "body")}`,
    ],
    answer: 'It is about a token that is not renewed.',
  };
}

function releaseNotes(): Task {
  const pulls = look<{ number: number }[]>('github/list_pull_requests', {});
  const notes = `# Release\n${pulls.map(({ number }) => `- #${number} (+${40 + number})`).join('\n')}`;
  const file = { ...REPO, path: 'RELEASE.md', branch: 'main', message: 'Release notes', content: notes };
  return {
    name: 'release notes',
    prompt: 'Write RELEASE.md of acme/api from its closed pull requests (number and added lines) and tell C1 about it.',
    levels: [
      [
        call('github/list_commits', REPO),
        call('github/list_pull_requests', { ...REPO, state: 'closed' }),
        call('github/get_file_contents', { ...REPO, path: 'RELEASE.md' }),
      ],
      pulls.map(({ number }) => call('github/get_pull_request', { ...REPO, pull_number: number })),
      [call('github/create_or_update_file', file)],
      [call('slack/slack_post_message', { channel_id: 'C1', text: 'Release notes: 6 pull requests, 30 commits.' })],
    ],
    searches: [
      { server: 'github', query: 'list commits' },
      { server: 'github', query: 'list pull requests, get a pull request' },
      { server: 'github', query: 'get contents of a file, create or update a file' },
      { server: 'slack', query: 'post a message' },
    ],
    scripts: [
      `import asyncio
where = {"owner": "acme", "repo": "api"}
commits, pulls, before = await asyncio.gather(
    github.list_commits(**where),
    github.list_pull_requests(**where, state="closed"),
    github.get_file_contents(**where, path="RELEASE.md"),
)
whole = await asyncio.gather(*[github.get_pull_request(**where, pull_number=p["number"]) for p in pulls])
notes = "# Release\\n" + "\\n".join(f"- #{p['number']} (+{p['additions']})" for p in whole)
await github.create_or_update_file(**where, path="RELEASE.md", branch="main", message="Release notes", content=notes)
await slack.slack_post_message(channel_id="C1", text=f"Release notes: {len(pulls)} pull requests, {len(commits)} commits.")
notes`,
    ],
    answer: 'RELEASE.md names the six pull requests, and C1 knows.',
  };
}

function triage(): Task {
  const search = { q: 'repo:acme/api no:label' };
  const { items } = look<{ items: { number: number }[] }>('github/search_issues', search);
  return {
    name: 'triage',
    prompt: 'Label every issue of acme/api without a label as triage, with a comment that somebody will look at it.',
    levels: [
      [call('github/search_issues', search)],
      items.flatMap(({ number: issue_number }) => [
        call('github/update_issue', { ...REPO, issue_number, labels: ['triage'] }),
        call('github/add_issue_comment', { ...REPO, issue_number, body: 'Somebody will look at it this week.' }),
      ]),
    ],
    searches: [{ server: 'github', query: 'search issues, update an issue, comment on an issue' }],
    scripts: [
      `import asyncio
async def take(number):
    await github.update_issue(owner="acme", repo="api", issue_number=number, labels=["triage"])
    await github.add_issue_comment(owner="acme", repo="api", issue_number=number, body="Somebody will look at it this week.")
found = await github.search_issues(q="repo:acme/api no:label")
await asyncio.gather(*[take(i["number"]) for i in found["items"]])
len(found["items"])`,
    ],
    answer: 'Three issues are labelled and have a comment.',
  };
}

function places(): Task {
  const search = { query: 'lunch near the office' };
  const found = look<{ places: { place_id: string; name: string; rating: number }[] }>(
    'google_maps/maps_search_places',
    search,
  );
  const best = found.places.toSorted((a, b) => b.rating - a.rating)[0];
  const phone = look<{ formatted_phone_number: string }>('google_maps/maps_place_details', {
    place_id: best?.place_id,
  });
  const post = { channel_id: 'C3', text: `Lunch: ${best?.name}, ${phone.formatted_phone_number}` };
  return {
    name: 'places',
    prompt: 'Find lunch near the office, look at each place, and post the best rated with its phone number to C3.',
    levels: [
      [call('google_maps/maps_search_places', search)],
      found.places.map(({ place_id }) => call('google_maps/maps_place_details', { place_id })),
      [call('slack/slack_post_message', post)],
    ],
    searches: [
      { server: 'google_maps', query: 'search places, place details' },
      { server: 'slack', query: 'post a message' },
    ],
    scripts: [
      `import asyncio
found = (await google_maps.maps_search_places(query="lunch near the office"))["places"]
details = await asyncio.gather(*[google_maps.maps_place_details(place_id=p["place_id"]) for p in found])
best = max(range(len(found)), key=lambda i: found[i]["rating"])
await slack.slack_post_message(channel_id="C3", text=f"Lunch: {found[best]['name']}, {details[best]['formatted_phone_number']}")
found[best]["name"]`,
    ],
    answer: 'The best rated place is posted to C3.',
  };
}

export const TASKS: readonly Task[] = [
  ...[issueDigest(), recordsToIssues(), pullRequestReview(), codeSearch(), channelScan(), geocoding()],
  ...[browserCheck(), logErrors(), oneIssue(), releaseNotes(), triage(), places()],
];
