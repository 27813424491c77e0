import time
import functools

def retry(times, base=0.01):
    def decorator(fn):
        @functools.wraps(fn)
        async def wrapper(*args, **kwargs):
            last = None
            for n in range(times):
                try:
                    return await fn(*args, **kwargs)
                except Exception as e:
                    last = e
                    print(f"attempt {n + 1} failed: {e}")
                    time.sleep(base * 2 ** n)
            raise RuntimeError(f"gave up after {times} attempts") from last
        return wrapper
    return decorator

@retry(times=4)
async def nodes():
    return await kubernetes.kubectl_get(resourceType="nodes")

found = await nodes()
[item["metadata"]["name"] for item in found["items"]]
