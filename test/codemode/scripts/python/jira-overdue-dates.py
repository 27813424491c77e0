import asyncio
from datetime import date, datetime

async def fetch(start):
    return await jira.jira_get(path="/rest/api/3/search", queryParams={"startAt": str(start), "maxResults": "10"})

async def main():
    first = await fetch(0)
    rest = await asyncio.gather(*(fetch(s) for s in range(10, first["total"], 10)))
    issues = [*first["issues"], *(i for page in rest for i in page["issues"])]
    today = date(2026, 1, 20)
    overdue = [
        (issue["key"], (today - datetime.strptime(due, "%Y-%m-%d").date()).days)
        for issue in issues
        if (due := issue["fields"]["duedate"]) and date.fromisoformat(due) < today and issue["fields"]["status"]["name"] != "Done"
    ]
    return {"overdue": overdue, "worst": max(overdue, key=lambda o: o[1])[0], "all": len(issues)}

asyncio.run(main())
