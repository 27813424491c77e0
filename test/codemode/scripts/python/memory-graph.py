import asyncio

people = {"Ada": ["likes Go"], "Bob": ["likes TypeScript", "on leave"]}
await memory.create_entities(entities=[
    {"name": name, "entityType": "person", "observations": notes} for name, notes in people.items()
])
await memory.create_entities(entities=[dict(name="api", entityType="repo", observations=[])])
await memory.create_relations(relations=[{"from": p, "to": "api", "relationType": "maintains"} for p in people])
found, graph = await asyncio.gather(memory.search_nodes(query="TypeScript"), memory.read_graph())
maintainers = [r["from"] for r in graph["relations"] if r["relationType"] == "maintains" and r["to"] == "api"]
{
    "found": [e["name"] for e in found["entities"]],
    "types": sorted({e["entityType"] for e in graph["entities"]}),
    "maintainers": maintainers,
}
