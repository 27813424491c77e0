import asyncio

OWNER, REPO = "acme", "web"

async def check(pr):
    number = pr["number"]
    files, reviews, status = await asyncio.gather(
        github.get_pull_request_files(owner=OWNER, repo=REPO, pull_number=number),
        github.get_pull_request_reviews(owner=OWNER, repo=REPO, pull_number=number),
        github.get_pull_request_status(owner=OWNER, repo=REPO, pull_number=number),
        return_exceptions=True,
    )
    if isinstance(reviews, Exception):
        reviews = []
    approved = sum(1 for r in reviews if r["state"] == "APPROVED")
    blocked = any(r["state"] == "CHANGES_REQUESTED" for r in reviews)
    return {
        "number": number,
        "files": len(files),
        "approved": approved,
        "blocked": blocked,
        "ci": status["state"] if not isinstance(status, Exception) else "unknown",
    }

async def main():
    prs = await github.list_pull_requests(owner=OWNER, repo=REPO, state="open")
    checked = await asyncio.gather(*(check(pr) for pr in prs if not pr["draft"]))
    return sorted(checked, key=lambda c: (c["blocked"], -c["approved"], c["number"]))

await main()
