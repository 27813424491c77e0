import asyncio
from collections import deque

queue = deque(["api", "web", "nope", "cli"])
seen, errors = {}, {}

async def visit(repo):
    try:
        prs = await github.list_pull_requests(owner="acme", repo=repo)
    except Exception as e:
        errors[repo] = e
        return 0
    seen[repo] = [pr["number"] for pr in prs if pr["additions"] > 20 and not pr["draft"]]
    return len(prs)

async def main():
    total = 0
    while queue:
        batch = [queue.popleft() for _ in range(min(2, len(queue)))]
        total += sum(await asyncio.gather(*[visit(r) for r in batch]))
    return total

total = await main()
report = {"total": total, "seen": seen, "errors": {k: str(v).split(":")[0] for k, v in errors.items()}}
del report["seen"]["cli"]
report
