class QueryError(RuntimeError):
    def __init__(self, sql, reason):
        self.sql = sql
        self.reason = reason
        super().__init__(f"{sql.split()[0]} refused: {reason}")

async def execute(sql):
    try:
        return await postgres.query(sql=sql)
    except Exception as exc:
        raise QueryError(sql, str(exc)) from exc

log = []
for statement in ("SELECT * FROM users", "DELETE FROM users", "SELECT count(*) FROM users"):
    try:
        rows = await execute(statement)
    except QueryError as err:
        log.append({"failed": err.sql, "why": err.reason, "is_runtime": isinstance(err, RuntimeError)})
    else:
        log.append(len(rows))
    finally:
        log.append("done")
log
