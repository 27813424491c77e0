import asyncio
from dataclasses import dataclass, field, asdict
from datetime import datetime, timezone

@dataclass
class Event:
    ts: float
    channel: str
    text: str
    reactions: list[str] = field(default_factory=list)

    @property
    def when(self) -> str:
        return datetime.fromtimestamp(self.ts, tz=timezone.utc).strftime("%H:%M:%S")

    def __str__(self):
        return f"{self.when} [{self.channel}] {self.text}"

async def load(channel):
    history = await slack.slack_get_channel_history(channel_id=channel["id"])
    return [
        Event(float(m["ts"]), channel["name"], m["text"], [r["name"] for r in m.get("reactions", [])])
        for m in history["messages"]
        if "deploy" in m["text"] or "502" in m["text"]
    ]

async def main():
    channels = (await slack.slack_list_channels())["channels"]
    batches = await asyncio.gather(*[load(c) for c in channels])
    events = sorted((e for batch in batches for e in batch), key=lambda e: e.ts)
    for event in events:
        print(event)
    return asdict(events[0])

await main()
