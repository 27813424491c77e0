import re
from collections import defaultdict

users = {u["id"]: u for u in (await slack.slack_get_users())["members"] if not u["deleted"] and not u["is_bot"]}
mentions = defaultdict(list)
for channel in ("C00", "C01", "C02"):
    history = await slack.slack_get_channel_history(channel_id=channel, limit=6)
    for message in history["messages"]:
        for user_id in re.findall(r"<@(\w+)>", message["text"]):
            if user_id in users:
                text = re.sub(r"<@(\w+)>", lambda m: "@" + users[m.group(1)]["name"], message["text"])
                mentions[users[user_id]["profile"]["real_name"]].append((channel, text))
dict(mentions)
