import asyncio
from collections import Counter, defaultdict, namedtuple

MR = namedtuple("MR", ["iid", "project", "author", "draft"])

async def main():
    projects = await gitlab.list_projects()
    active = [p for p in projects if p["name"] != "docs"]
    tasks = {p["name"]: asyncio.create_task(gitlab.list_merge_requests(project_id=str(p["id"]), state="opened")) for p in active}
    merge_requests = []
    for name, task in tasks.items():
        for mr in await task:
            merge_requests.append(MR(mr["iid"], name, mr["author"]["username"], mr["title"].startswith("Draft:")))
    ready = [m for m in merge_requests if not m.draft]
    count = Counter(m.author for m in ready)
    where = defaultdict(set)
    for m in ready:
        where[m.author].add(m.project)
    return {author: {"n": n, "projects": sorted(where[author])} for author, n in count.most_common()}

asyncio.run(main())
