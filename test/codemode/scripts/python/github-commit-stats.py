from itertools import groupby
from operator import itemgetter
import statistics

commits = []
for page in range(1, 10):
    batch = await github.list_commits(owner="acme", repo="api", page=page, perPage=10)
    commits.extend(batch)
    if len(batch) < 10:
        break

rows = [
    {
        "author": c["commit"]["author"]["name"],
        "day": c["commit"]["author"]["date"][:10],
        "kind": c["commit"]["message"].split(":", 1)[0],
    }
    for c in commits
]
rows.sort(key=itemgetter("author"))
by_author = {author: len(list(group)) for author, group in groupby(rows, key=itemgetter("author"))}
per_day = {}
for row in rows:
    per_day[row["day"]] = per_day.get(row["day"], 0) + 1
kinds = {}
for row in rows:
    kinds.setdefault(row["kind"], []).append(row["day"])
{
    "by_author": by_author,
    "busiest": max(per_day, key=per_day.get),
    "mean_per_day": round(statistics.mean(per_day.values()), 2),
    "median": statistics.median(sorted(per_day.values())),
    "kinds": {k: len(set(v)) for k, v in kinds.items()},
}
