import statistics
from datetime import datetime

def parse(ts):
    return datetime.fromisoformat(ts.replace("Z", "+00:00"))

pipelines = await gitlab.list_pipelines(project_id="11")
durations = [(parse(p["updated_at"]) - parse(p["created_at"])).total_seconds() / 60 for p in pipelines]
slow = [p["id"] for p, d in zip(pipelines, durations) if d > statistics.mean(durations)]
rate = sum(p["status"] == "success" for p in pipelines) / len(pipelines)
print(f"{len(pipelines)} pipelines, mean {statistics.mean(durations):.1f} min, stdev {statistics.stdev(durations):.2f}")
print("success rate: {:.1%}".format(rate))
{"slow": slow, "median": statistics.median(durations), "weekday": parse(pipelines[0]["created_at"]).strftime("%A")}
