import re

root = (await filesystem.list_allowed_directories())["content"].splitlines()[1]
found = (await filesystem.search_files(path=root, pattern="**/*.txt"))["content"].splitlines()
todos = {}
for path in sorted(found):
    text = (await filesystem.read_text_file(path=path))["content"]
    for number, line in enumerate(text.splitlines(), start=1):
        if m := re.match(r"^\s*TODO(?:\((?P<who>\w+)\))?:\s*(?P<what>.+)$", line):
            todos.setdefault(m["who"] or "nobody", []).append("%s:%d %s" % (path[len(root) + 1:], number, m.group("what")))
lines = [f"# TODO ({sum(map(len, todos.values()))})"]
for who in sorted(todos, key=str.lower):
    lines.append(f"* {who}")
    lines.extend(f"  - {t}" for t in todos[who])
await filesystem.write_file(path=f"{root}/REPORT.md", content="\n".join(lines) + "\n")
print((await filesystem.read_text_file(path=f"{root}/REPORT.md"))["content"])
