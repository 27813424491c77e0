issues = github.list_issues(owner="acme", repo="cli", state="all")
first = issues[0]
details = github.get_issue(owner="acme", repo="cli", issue_number=first["number"])
comment = github.add_issue_comment(
    owner="acme",
    repo="cli",
    issue_number=details["number"],
    body="Thanks %s, we are looking into '%s' (%d open)." % (details["user"]["login"], details["title"], len(issues)),
)
comment["body"]
