import asyncio

async def logs(pod):
    meta = pod["metadata"]
    try:
        text = await asyncio.wait_for(
            kubernetes.kubectl_logs(resourceType="pod", name=meta["name"], namespace=meta["namespace"], tail=50),
            timeout=10,
        )
        lines = [l for l in text.splitlines() if " ERROR " in l or " FATAL " in l]
    except asyncio.TimeoutError:
        lines = ["timed out"]
    except Exception as e:
        lines = [f"no logs: {e}"]
    return meta["name"], lines

async def main():
    pods = (await kubernetes.kubectl_get(resourceType="pods", allNamespaces=True, output="json"))["items"]
    bad = []
    for pod in pods:
        statuses = pod["status"]["containerStatuses"]
        if any(s["restartCount"] > 5 or not s["ready"] for s in statuses):
            bad.append(pod)
    async with asyncio.TaskGroup() as tg:
        tasks = [tg.create_task(logs(p)) for p in bad]
    return {name: lines for name, lines in (t.result() for t in tasks)}

asyncio.run(main())
