"""Builds the weekly report over three systems."""
import asyncio
from abc import ABC, abstractmethod
from typing import List

class Source(ABC):
    name = "source"

    @abstractmethod
    async def collect(self) -> List[str]:
        ...

    async def render(self) -> str:
        lines = await self.collect()
        return f"## {self.name} ({len(lines)})\n" + "\n".join(f"- {line}" for line in lines)

class Issues(Source):
    name = "Issues"

    def __init__(self, repo: str):
        self.repo = repo

    async def collect(self):
        issues = await github.list_issues(owner="acme", repo=self.repo, labels=["bug"], per_page=3)
        return [f"#{i['number']} {i['title']}" for i in issues]

class Pipelines(Source):
    name = "Pipelines"

    async def collect(self):
        return [f"{p['ref']}: {p['status']}" for p in await gitlab.list_pipelines(project_id="12", ref="main")][:2]

class Tickets(Source):
    async def collect(self):
        page = await jira.jira_get(path="/rest/api/3/search", queryParams={"maxResults": "2"})
        return [i["key"] for i in page["issues"]]

async def main():
    sources = [Issues("web"), Pipelines(), Tickets()]
    parts = await asyncio.gather(*(s.render() for s in sources))
    return "\n\n".join(parts)

print(asyncio.run(main()))
