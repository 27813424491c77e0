import asyncio
from urllib.parse import quote, urlencode

async def failed_jobs(project):
    pid = str(project["id"])
    pipelines = await gitlab.list_pipelines(project_id=pid, status="failed")
    jobs = await asyncio.gather(*[
        gitlab.list_pipeline_jobs(project_id=pid, pipeline_id=str(p["id"]), scope="failed") for p in pipelines
    ])
    return [(p["ref"], j["name"]) for p, js in zip(pipelines, jobs) for j in js]

async def main():
    projects = await gitlab.list_projects(per_page=100)
    results = await asyncio.gather(*[failed_jobs(p) for p in projects], return_exceptions=True)
    report = []
    for project, result in zip(projects, results):
        path = quote(project["path_with_namespace"], safe="")
        if isinstance(result, Exception):
            report.append({"project": path, "error": str(result)})
        elif result:
            refs = sorted({ref for ref, _ in result})
            report.append({"project": path, "jobs": len(result), "query": urlencode({"ref": refs[0], "n": len(refs)})})
    return report

await main()
