import asyncio

semaphore = asyncio.Semaphore(3)

async def profile(user_id):
    async with semaphore:
        try:
            data = await slack.slack_get_user_profile(user_id=user_id)
            return user_id, data["profile"]["email"]
        except Exception as error:
            return user_id, f"error: {error}"

async def main():
    ids = [f"U0{i}" for i in range(7)]
    pairs = await asyncio.gather(*[profile(i) for i in ids])
    return {user_id: email for user_id, email in pairs}

asyncio.run(main())
