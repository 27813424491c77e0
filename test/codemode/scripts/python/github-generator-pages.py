async def all_issues(repo, **filters):
    page = 1
    while True:
        batch = await github.list_issues(owner="acme", repo=repo, page=page, per_page=5, **filters)
        for issue in batch:
            yield issue
        if len(batch) < 5:
            return
        page += 1

bugs = []
async for issue in all_issues("web", state="open"):
    if any(label["name"] == "bug" for label in issue["labels"]):
        bugs.append(issue["number"])

titles = [i["title"] async for i in all_issues("cli", state="all")]
{"bugs": bugs, "titles": titles}
