import asyncio
import random

async def post_with_retry(channel_id, text, attempts=3):
    delay = 0.01
    for attempt in range(1, attempts + 1):
        try:
            result = await slack.slack_post_message(channel_id=channel_id, text=text)
            return {"channel": channel_id, "ok": result["ok"], "attempts": attempt}
        except Exception as e:
            if "ratelimited" not in str(e) or attempt == attempts:
                return {"channel": channel_id, "ok": False, "attempts": attempt, "error": str(e)}
            await asyncio.sleep(delay + random.uniform(0, 0.01))
            delay *= 2

async def main():
    targets = ["C01", "C02", "C09", "C04"]
    results = await asyncio.gather(*[post_with_retry(t, "Release 2.0 is out :tada:") for t in targets])
    return {"sent": [r["channel"] for r in results if r["ok"]], "results": results}

asyncio.run(main())
