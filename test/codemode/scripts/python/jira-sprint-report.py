import json

issues = []
start = 0
while True:
    page = await jira.jira_get(
        path="/rest/api/3/search",
        queryParams={"jql": "project = PAY", "startAt": str(start), "maxResults": "10"},
        outputFormat="json",
    )
    issues.extend(page["issues"])
    start += len(page["issues"])
    if start >= page["total"]:
        break

by_status: dict[str, dict] = {}
for issue in issues:
    f = issue["fields"]
    entry = by_status.setdefault(f["status"]["name"], {"count": 0, "points": 0, "unassigned": []})
    entry["count"] += 1
    entry["points"] += f.get("customfield_10016") or 0
    if (f.get("assignee") or {}).get("displayName") is None:
        entry["unassigned"].append(issue["key"])

width = max(len(name) for name in by_status)
print(f"{'Status':<{width}} | {'n':>3} | {'pts':>4}")
print("-" * (width + 13))
for name, entry in sorted(by_status.items(), key=lambda kv: kv[1]["count"], reverse=True):
    print(f"{name:<{width}} | {entry['count']:>3} | {entry['points']:>4}")
json.dumps(by_status["Blocked"], sort_keys=True)
