import csv
import io
import base64

file = await github.get_file_contents(owner="acme", repo="api", path="data/people.csv")
text = base64.b64decode(file["content"]).decode()
reader = csv.DictReader(io.StringIO(text))
teams = {}
for row in reader:
    salary = int(row["salary"]) if row["salary"] else 0
    team = teams.setdefault(row["team"], {"people": [], "total": 0})
    team["people"].append(row["name"])
    team["total"] += salary

out = io.StringIO()
writer = csv.writer(out)
writer.writerow(["team", "people", "total"])
for name, team in sorted(teams.items()):
    writer.writerow([name, "; ".join(team["people"]), f"{team['total']:,}"])
issue = await github.create_issue(owner="acme", repo="api", title="Payroll", body=out.getvalue())
print(out.getvalue())
issue["number"]
