from enum import Enum

class Priority(Enum):
    HIGH = "High"
    LOW = "Low"

class TicketError(ValueError):
    pass

def build(summary: str, priority: Priority = Priority.LOW, **extra) -> dict:
    if not summary.strip():
        raise TicketError("a summary is needed")
    fields = {"project": {"key": "PAY"}, "summary": summary, "priority": {"name": priority.value}}
    return {"fields": fields | extra}

created, failed = [], []
for summary, priority in [("Rotate keys", Priority.HIGH), ("  ", Priority.LOW), ("Update docs", Priority.LOW)]:
    try:
        body = build(summary, priority, labels=["auto"])
    except TicketError as e:
        failed.append(f"{type(e).__name__}: {e}")
        continue
    ticket = await jira.jira_post(path="/rest/api/3/issue", body=body)
    created.append(f"{ticket['key']} {priority.name}")

{"created": created, "failed": failed}
