import asyncio

def decide(issue):
    labels = {l["name"] for l in issue["labels"]}
    match (issue["state"], issue["assignee"]):
        case ("closed", _):
            return "skip"
        case ("open", None) if "p1" in labels:
            return "escalate"
        case ("open", {"login": login}) if "bug" in labels:
            return f"ping {login}"
        case ("open", None):
            return "assign"
        case _:
            return "leave"

async def main():
    issues = await github.list_issues(owner="acme", repo="web", state="all")
    plan = {i["number"]: decide(i) for i in issues}
    todo = [n for n, action in plan.items() if action == "escalate"]
    updates = await asyncio.gather(*[
        github.update_issue(owner="acme", repo="web", issue_number=n, labels=["urgent"]) for n in todo
    ])
    print(plan)
    return [u["number"] for u in updates]

await main()
