import asyncio

root = filesystem.list_allowed_directories()["content"].splitlines()[1]
names = ["hello.txt", "nope.txt", "notes/todo.txt"]
results = await asyncio.gather(
    *[filesystem.read_text_file(path=f"{root}/{name}", head=1) for name in names],
    return_exceptions=True,
)
report = {}
for name, result in zip(names, results):
    if isinstance(result, BaseException):
        report[name] = "missing" if "ENOENT" in str(result) else repr(result)
    else:
        report[name] = result["content"].strip()
report
