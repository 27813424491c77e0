import asyncio
import json

async def main():
    allowed = await filesystem.list_allowed_directories()
    root = allowed["content"].splitlines()[1].strip()
    tree = json.loads((await filesystem.directory_tree(path=root))["content"])

    def walk(nodes, prefix):
        for node in nodes:
            path = f"{prefix}/{node['name']}"
            if node["type"] == "directory":
                yield from walk(node["children"], path)
            elif node["name"].endswith(".txt"):
                yield path

    paths = sorted(walk(tree, root))
    texts = await asyncio.gather(*[filesystem.read_text_file(path=p) for p in paths])
    return {p.rsplit("/", 1)[-1]: len(t["content"].splitlines()) for p, t in zip(paths, texts)}

asyncio.run(main())
