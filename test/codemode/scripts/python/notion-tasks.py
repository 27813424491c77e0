import asyncio
from typing import Any, Optional

class Task:
    def __init__(self, page: dict[str, Any]):
        self.id = page["id"]
        self.props = page["properties"]

    @property
    def title(self) -> str:
        parts = self.props["Name"]["title"]
        return "".join(p["plain_text"] for p in parts) or "(untitled)"

    @property
    def status(self) -> Optional[str]:
        status = self.props["Status"]["status"]
        return status["name"] if status else None

    @staticmethod
    def is_done(status):
        return status == "Done"

    @classmethod
    def load_all(cls, pages):
        return [cls(p) for p in pages]

async def query(cursor=None):
    args = {"data_source_id": "ds1", "page_size": 3}
    if cursor is not None:
        args["start_cursor"] = cursor
    return await notion.API_query_data_source(**args)

async def main():
    pages, cursor = [], None
    while True:
        result = await query(cursor)
        pages.extend(result["results"])
        if not result["has_more"]:
            break
        cursor = result["next_cursor"]
    tasks = Task.load_all(pages)
    open_tasks = [t for t in tasks if not Task.is_done(t.status)]
    archived = await asyncio.gather(*[
        notion.API_patch_page(page_id=t.id, archived=True) for t in tasks if Task.is_done(t.status)
    ])
    return {"open": [t.title for t in open_tasks], "archived": [a["id"] for a in archived]}

asyncio.run(main())
