import asyncio, base64, json, re

async def get_package(repo: str) -> dict | None:
    try:
        file = await github.get_file_contents(owner="acme", repo=repo, path="package.json")
    except Exception:
        return None
    return json.loads(base64.b64decode(file["content"]).decode("utf-8"))

async def main() -> dict[str, dict]:
    repos = (await github.search_repositories(query="org:acme"))["items"]
    names = [r["name"] for r in repos]
    packages = await asyncio.gather(*map(get_package, names))
    out = {}
    for name, package in zip(names, packages):
        if package is None:
            continue
        versions = {
            dep: ".".join(re.findall(r"\d+", version))
            for dep, version in sorted(package["dependencies"].items())
        }
        out[name] = {"version": package["version"], **versions}
    return out

if __name__ == "__main__":
    print(json.dumps(asyncio.run(main()), indent=2))
