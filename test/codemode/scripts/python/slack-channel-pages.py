channels = []
cursor = None
while True:
    if cursor:
        page = await slack.slack_list_channels(limit=2, cursor=cursor)
    else:
        page = await slack.slack_list_channels(limit=2)
    channels += [c for c in page["channels"] if not c["is_archived"]]
    cursor = page.get("response_metadata", {}).get("next_cursor")
    if not cursor:
        break

lookup = {c["name"]: c["id"] for c in channels}
engineering = next((c for c in channels if c["name"] == "engineering"), None)
missing = next((c for c in channels if c["name"] == "marketing"), None)
del lookup["general"]
{"lookup": lookup, "members": engineering["num_members"], "missing": missing is None}
