import asyncio

def chunks(items, size):
    for i in range(0, len(items), size):
        yield items[i:i + size]

async def main():
    data = await airtable.list_records(baseId="app1", tableId="Invoices", maxRecords=100)
    overdue = [r for r in data["records"] if r["fields"]["Status"] in ("Overdue", "Open")]
    updates = [{"id": r["id"], "fields": {"Status": "Reminded", "Reminder": i}} for i, r in enumerate(overdue, 1)]
    tasks = [
        asyncio.create_task(airtable.update_records(baseId="app1", tableId="Invoices", records=list(chunk)))
        for chunk in chunks(updates, 2)
    ]
    done = [await task for task in tasks]
    return [[r["id"] for r in d["records"]] for d in done]

asyncio.run(main())
