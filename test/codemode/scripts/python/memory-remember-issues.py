import asyncio

class Memory:
    def __init__(self):
        self.known = set()

    async def load(self):
        graph = await memory.read_graph()
        self.known = {e["name"] for e in graph["entities"] if e["entityType"] == "issue"}
        return self

    def __contains__(self, name):
        return name in self.known

    async def add(self, issue):
        name = f"issue-{issue['number']}"
        if name in self:
            return False
        await memory.create_entities(entities=[{"name": name, "entityType": "issue", "observations": [issue["title"]]}])
        self.known.add(name)
        return True

async def main():
    store = await Memory().load()
    issues = await github.list_issues(owner="acme", repo="cli", state="all")
    added = [i["number"] for i in issues + issues[:1] if await store.add(i)]
    graph = await memory.open_nodes(names=[f"issue-{n}" for n in added])
    return {"added": added, "titles": [e["observations"][0] for e in graph["entities"]], "known": len(store.known)}

asyncio.run(main())
