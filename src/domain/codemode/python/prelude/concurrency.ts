/** asyncio: what tools raise comes as a value here, and is raised where the script waits, since the engine loses it in coroutines. */

import type { Piece } from './piece.ts';

/** The member of a value that says that it was raised. */
export const RAISED_MEMBER = '__portcullis_raised__';

const P = '_portcullis_';

export const CONCURRENCY: readonly Piece[] = [
  {
    defines: [`${P}got`],
    code: `
import asyncio as _portcullis_asyncio
_portcullis_exceptions = {"RuntimeError": RuntimeError, "PermissionError": PermissionError, "ValueError": ValueError, "TypeError": TypeError, "AttributeError": AttributeError, "TimeoutError": TimeoutError, "NameError": NameError, "KeyError": KeyError, "IndexError": IndexError}
def _portcullis_of(error):
    return error
def _portcullis_got(value):
    if isinstance(value, dict) and len(value) == 1 and "${RAISED_MEMBER}" in value:
        kind, message = value["${RAISED_MEMBER}"]
        raise _portcullis_exceptions.get(kind, RuntimeError)(message)
    return value
`,
  },
  {
    defines: [`${P}Task`, `${P}one`],
    needs: [`${P}got`],
    code: `
_portcullis_waiting = []
_portcullis_clock = [0]
class _portcullis_Task:
    def __init__(self, awaitable, name=None):
        self.awaitable = awaitable
        self.name = name
        self.state = "new"
        self.value = None
        self.error = None
        self.ended = 0
        self.callbacks = []
    def done(self):
        return self.state == "done"
    def cancelled(self):
        return self.state == "cancelled"
    def cancel(self, msg=None):
        if self.state != "new":
            return False
        self.state = "cancelled"
        return True
    def get_name(self):
        return self.name
    def add_done_callback(self, callback):
        self.callbacks.append(callback)
    def exception(self):
        return None if self.error is None else _portcullis_of(self.error)
    def result(self):
        if self.state != "done":
            raise RuntimeError("Result is not set.")
        if self.error is not None:
            raise self.error
        return self.value
async def _portcullis_carry_out(task):
    task.state = "running"
    try:
        task.value = _portcullis_got(await task.awaitable)
    except Exception as error:
        task.error = error
    task.state = "done"
    _portcullis_clock[0] += 1
    task.ended = _portcullis_clock[0]
    for callback in task.callbacks:
        callback(task)
async def _portcullis_all(tasks):
    new = []
    for task in tasks:
        if task.state == "new" and task not in new:
            task.state = "running"
            new.append(task)
    if len(new) > 0:
        await _portcullis_asyncio.gather(*[_portcullis_carry_out(task) for task in new])
    for task in tasks:
        while task.state == "running":
            await _portcullis_sleep(0.02)
async def _portcullis_one(each):
    if not isinstance(each, _portcullis_Task):
        return _portcullis_got(await each)
    started = [task for task in _portcullis_waiting if task.state == "new"]
    _portcullis_waiting.clear()
    await _portcullis_all(started + [each])
    return each.result()
`,
  },
  {
    defines: [`${P}task`],
    needs: [`${P}Task`],
    code: `
def _portcullis_task(awaitable, name=None, context=None):
    if isinstance(awaitable, _portcullis_Task):
        return awaitable
    task = _portcullis_Task(awaitable, name)
    _portcullis_waiting.append(task)
    return task
`,
  },
  {
    defines: [`${P}gather`],
    needs: [`${P}task`],
    code: `
_portcullis_lone = [False]
async def _portcullis_gather(*awaitables, return_exceptions=False):
    tasks = [each if isinstance(each, _portcullis_Task) else _portcullis_Task(each) for each in awaitables]
    if _portcullis_lone[0]:
        for task in tasks:
            await _portcullis_all([task])
    else:
        await _portcullis_all(tasks)
    results = []
    for task in tasks:
        if task.error is None:
            results.append(task.value)
        elif return_exceptions:
            results.append(_portcullis_of(task.error))
        else:
            raise task.error
    return results
`,
  },
  {
    defines: [`${P}wait`, `${P}as_completed`],
    needs: [`${P}task`],
    code: `
async def _portcullis_wait(awaitables, timeout=None, return_when=None):
    tasks = [_portcullis_task(each) for each in awaitables]
    await _portcullis_all(tasks)
    return set(tasks), set()
def _portcullis_as_completed(awaitables, timeout=None):
    tasks = [_portcullis_task(each) for each in awaitables]
    await _portcullis_all(tasks)
    return sorted(tasks, key=lambda task: task.ended)
`,
  },
  {
    defines: [`${P}wait_for`, `${P}shield`, `${P}to_thread`],
    needs: [`${P}Task`],
    code: `
async def _portcullis_wait_for(awaitable, timeout=None):
    return await _portcullis_one(awaitable)
async def _portcullis_shield(awaitable):
    return await _portcullis_one(awaitable)
async def _portcullis_to_thread(work, *args, **named):
    return work(*args, **named)
`,
  },
  {
    defines: [`${P}main`],
    needs: [`${P}Task`],
    code: `
def _portcullis_main(awaitable, debug=None):
    value = _portcullis_got(await awaitable)
    await _portcullis_all(_portcullis_waiting)
    return value
`,
  },
  {
    defines: [`${P}TaskGroup`],
    needs: [`${P}task`],
    code: `
class _portcullis_TaskGroup:
    def __init__(self):
        self.tasks = []
    def create_task(self, awaitable, name=None, context=None):
        task = _portcullis_task(awaitable, name)
        self.tasks.append(task)
        return task
    def __enter__(self):
        return self
    def __exit__(self, kind, error, traceback):
        await _portcullis_all(self.tasks)
        if kind is None:
            for task in self.tasks:
                if task.error is not None:
                    raise task.error
        return False
`,
  },
  {
    defines: [`${P}Semaphore`, `${P}timeout`],
    code: `
class _portcullis_Semaphore:
    def __init__(self, value=1):
        self.value = value
    def __enter__(self):
        return None
    def __exit__(self, kind, error, traceback):
        return False
    async def acquire(self):
        return True
    def release(self):
        return None
    def locked(self):
        return False
class _portcullis_timeout:
    def __init__(self, delay=None):
        self.delay = delay
    def __enter__(self):
        return self
    def __exit__(self, kind, error, traceback):
        return False
`,
  },
  {
    // Whoever locks is alone anyway, where one goes after the other.
    defines: [`${P}Lock`],
    needs: [`${P}gather`, `${P}Semaphore`],
    code: `
def _portcullis_Lock():
    _portcullis_lone[0] = True
    return _portcullis_Semaphore(1)
`,
  },
  {
    defines: [`${P}each`],
    needs: [`${P}got`],
    code: `
async def _portcullis_each(items):
    if hasattr(items, "__aiter__"):
        items = items.__aiter__()
    if str(type(items)) == "<class 'coroutine'>":
        items = await items
    return items
`,
  },
];
