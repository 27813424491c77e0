import asyncio
import random

slack_users, db_users, issues = await asyncio.gather(
    slack.slack_get_users(),
    postgres.query(sql="SELECT id, name, email FROM users"),
    github.list_issues(owner="acme", repo="web", state="all"),
)
emails = {m["profile"]["email"].lower(): m["name"] for m in slack_users["members"] if not m["deleted"]}
known = [u for u in db_users if u["email"] in emails]
unknown = set(emails) - {u["email"] for u in db_users}
authors = {i["user"]["login"] for i in issues}
sample = random.sample(sorted(authors), k=2)
assert all(s in authors for s in sample), "sampled somebody else"
{
    "known": [f"{u['id']:03d}:{u['name'].upper()}" for u in known],
    "unknown": sorted(unknown),
    "both": sorted(authors & set(emails.values())),
    "sampled": len(sample),
}
