from collections import defaultdict

records = (await airtable.list_records(baseId="app1", tableId="Invoices"))["records"]
totals = defaultdict(float)
for record in records:
    fields = record["fields"]
    totals[fields["Status"]] += fields["Amount"]
grand = sum(totals.values())
for status, amount in sorted(totals.items(), key=lambda item: item[1], reverse=True):
    share = amount / grand * 100
    print(f"{status:<8} {amount:>10,.2f} {share:5.1f}%")
{"total": f"{grand:.2f}", "paid": totals["Paid"]}
