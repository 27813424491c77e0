import asyncio
from collections import Counter

async def main():
    repos = ["api", "web", "cli"]
    results = await asyncio.gather(*[
        github.list_issues(owner="acme", repo=repo, state="open", per_page=100) for repo in repos
    ])
    labels = Counter()
    totals = {}
    for repo, issues in zip(repos, results):
        totals[repo] = len(issues)
        labels.update(label["name"] for issue in issues for label in issue["labels"])
    return {"open": totals, "labels": dict(labels.most_common(3)), "total": sum(totals.values())}

asyncio.run(main())
