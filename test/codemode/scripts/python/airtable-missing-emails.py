result = await airtable.list_records(baseId="app1", tableId="Invoices")
rows = [{"id": r["id"], **r["fields"]} for r in result["records"]]
no_email = [row["Name"] for row in rows if "Email" not in row]
tags = {tag for row in rows for tag in row["Tags"]}
by_tag = {tag: [row["Name"] for row in rows if tag in row["Tags"]] for tag in sorted(tags)}
top = sorted(rows, key=lambda r: (-r["Amount"], r["Name"]))[:3]
try:
    await airtable.list_records(baseId="app1", tableId="Customers")
    error = None
except Exception as e:
    error = str(e)[:30]
print("Name".ljust(8) + "Amount".rjust(10))
print("\n".join(r["Name"].ljust(8) + f"{r['Amount']:10.2f}" for r in top))
return {"no_email": no_email, "by_tag": by_tag, "error": error}
