import asyncio

async def probe(name, coro):
    result = await coro
    return name, result

async def main():
    pending = [
        probe("repos", github.search_repositories(query="acme")),
        probe("projects", gitlab.list_projects()),
        probe("tables", postgres.query(sql="SELECT table_name FROM information_schema.tables")),
    ]
    sizes = {}
    for finished in asyncio.as_completed(pending):
        name, result = await finished
        items = result["items"] if isinstance(result, dict) else result
        sizes[name] = len(items)
    return dict(sorted(sizes.items()))

asyncio.run(main())
