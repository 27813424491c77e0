from datetime import datetime, timedelta, timezone

cutoff = datetime.now(timezone.utc) - timedelta(days=90)
stale = []
page = 1
while True:
    issues = await github.list_issues(owner="acme", repo="api", state="open", page=page, per_page=10)
    if not issues:
        break
    for issue in issues:
        updated = datetime.fromisoformat(issue["updated_at"].replace("Z", "+00:00"))
        if updated < cutoff:
            age = (datetime.now(timezone.utc) - updated).days
            stale.append(f"#{issue['number']} {issue['title']!r} ({age} days, {len(issue['labels'])} labels)")
    page += 1

print(f"Found {len(stale)} stale issues:")
for line in stale:
    print("  -", line)
