import asyncio

async def q(sql: str) -> list[dict]:
    return await postgres.query(sql=sql)

async def main():
    users, orders, counts = await asyncio.gather(
        q("SELECT id, name, email FROM users"),
        q("SELECT * FROM orders ORDER BY id"),
        q("SELECT count(*) FROM orders"),
    )
    by_id = {u["id"]: u for u in users}
    spent: dict[str, float] = {}
    for o in orders:
        if o["status"] == "refunded":
            continue
        name = by_id[o["user_id"]]["name"]
        spent[name] = spent.get(name, 0.0) + float(o["total"])
    return {
        "spent": {k: round(v * 1.19, 2) for k, v in spent.items()},
        "orders": int(counts[0]["count"]),
    }

asyncio.run(main())
