import math
import heapq
from functools import reduce

def millicores(text: str) -> int:
    return int(text[:-1]) if text.endswith("m") else int(float(text) * 1000)

spaces = [n["metadata"]["name"] for n in (await kubernetes.kubectl_get(resourceType="namespaces"))["items"]]
usage = []
for space in spaces:
    pods = (await kubernetes.kubectl_get(resourceType="pods", namespace=space))["items"]
    if not pods:
        continue
    cpu = reduce(lambda total, pod: total + sum(millicores(c["resources"]["requests"]["cpu"]) for c in pod["spec"]["containers"]), pods, 0)
    usage.append((cpu, space, len(pods)))

top = heapq.nlargest(1, usage)
needed = math.ceil(sum(cpu for cpu, *_ in usage) / 1000)
if needed > 1:
    scaled = await kubernetes.kubectl_scale(name="checkout", namespace=top[0][1], replicas=needed)
    print(scaled)
{"usage": usage, "top": top, "needed": needed}
