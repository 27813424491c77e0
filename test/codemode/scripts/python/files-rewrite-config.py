import json
from pathlib import PurePosixPath

root = PurePosixPath((await filesystem.list_allowed_directories())["content"].split("\n")[1])
path = root / "config" / "settings.json"
settings = json.loads((await filesystem.read_text_file(path=str(path)))["content"])
settings["features"] |= {"search": True}
del settings["debug"]
target = path.with_name(f"{path.stem}.new{path.suffix}")
await filesystem.write_file(path=str(target), content=json.dumps(settings, indent=2))
again = json.loads((await filesystem.read_text_file(path=str(target)))["content"])
{"name": target.name, "parent": target.parent.name, "same": again == settings, "features": again["features"]}
