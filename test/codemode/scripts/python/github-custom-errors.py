import asyncio

class GithubError(Exception):
    """Something went wrong at GitHub."""

class NotFoundError(GithubError):
    def __init__(self, path, status=404):
        super().__init__(f"{path} was not found")
        self.path = path
        self.status = status

async def read(repo, path):
    try:
        return await github.get_file_contents(owner="acme", repo=repo, path=path)
    except Exception as e:
        if "Not Found" in str(e):
            raise NotFoundError(f"{repo}/{path}") from e
        raise GithubError(str(e))

async def main():
    report = {}
    for repo, path in [("api", "package.json"), ("web", "go.mod"), ("nope", "package.json")]:
        try:
            found = await read(repo, path)
            report[repo] = found["size"]
        except NotFoundError as e:
            report[repo] = {"status": e.status, "path": e.path, "message": str(e)}
        except GithubError as e:
            report[repo] = str(e)
    return report

asyncio.run(main())
