def plain(prop):
    kind = prop["type"]
    match kind:
        case "title" | "rich_text":
            return "".join(t["plain_text"] for t in prop[kind])
        case "status" | "select":
            return prop[kind]["name"] if prop[kind] else None
        case "multi_select":
            return [o["name"] for o in prop[kind]]
        case "date":
            return prop["date"] and prop["date"]["start"]
        case _:
            return prop.get(kind)

page = await notion.API_query_data_source(data_source_id="ds1")
rows = [{name: plain(p) for name, p in r["properties"].items()} for r in page["results"]]
points = [row["Points"] for row in rows if isinstance(row["Points"], int | float)]
rows[1:] = rows[2:]
{"rows": rows, "points": sum(points)}
