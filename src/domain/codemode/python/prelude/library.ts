/** Modules of Python's library that the engine lacks, as objects with the functions that scripts use; what takes functions has to live here. */

import type { Piece } from './piece.ts';

const P = '_portcullis_';

/** Pieces that are modules: `heapq` is the object that `import heapq` gives. */
export const LIBRARY: readonly Piece[] = [
  {
    defines: [`${P}Module`],
    code: `
class _portcullis_Module:
    pass
`,
  },
  {
    defines: [`${P}operator`],
    needs: [`${P}Module`],
    code: `
def _portcullis_reach(value, path):
    for name in path.split("."):
        value = getattr(value, name)
    return value
_portcullis_operator = _portcullis_Module()
_portcullis_operator.itemgetter = lambda *keys: (lambda of: of[keys[0]]) if len(keys) == 1 else (lambda of: tuple([of[key] for key in keys]))
_portcullis_operator.attrgetter = lambda *names: (lambda of: _portcullis_reach(of, names[0])) if len(names) == 1 else (lambda of: tuple([_portcullis_reach(of, name) for name in names]))
_portcullis_operator.add = lambda a, b: a + b
_portcullis_operator.sub = lambda a, b: a - b
_portcullis_operator.mul = lambda a, b: a * b
_portcullis_operator.truediv = lambda a, b: a / b
_portcullis_operator.eq = lambda a, b: a == b
_portcullis_operator.ne = lambda a, b: a != b
_portcullis_operator.lt = lambda a, b: a < b
_portcullis_operator.le = lambda a, b: a <= b
_portcullis_operator.gt = lambda a, b: a > b
_portcullis_operator.ge = lambda a, b: a >= b
_portcullis_operator.not_ = lambda a: not a
_portcullis_operator.contains = lambda a, b: b in a
_portcullis_operator.or_ = lambda a, b: {**a, **b} if isinstance(a, dict) else a | b
_portcullis_operator.and_ = lambda a, b: a & b
`,
  },
  {
    defines: [`${P}heapq`],
    needs: [`${P}Module`],
    code: `
def _portcullis_swap(items, a, b):
    kept = items[a]
    items[a] = items[b]
    items[b] = kept
def _portcullis_heappush(heap, item):
    at = len(heap)
    heap.append(item)
    while at > 0 and heap[at] < heap[(at - 1) // 2]:
        _portcullis_swap(heap, at, (at - 1) // 2)
        at = (at - 1) // 2
def _portcullis_heappop(heap):
    if len(heap) == 0:
        raise IndexError("index out of range")
    _portcullis_swap(heap, 0, len(heap) - 1)
    least = heap.pop()
    at = 0
    while 2 * at + 1 < len(heap):
        child = 2 * at + 1
        if child + 1 < len(heap) and heap[child + 1] < heap[child]:
            child += 1
        if not heap[child] < heap[at]:
            break
        _portcullis_swap(heap, at, child)
        at = child
    return least
def _portcullis_heappushpop(heap, item):
    _portcullis_heappush(heap, item)
    return _portcullis_heappop(heap)
def _portcullis_heapify(heap):
    items = sorted(heap)
    heap.clear()
    heap.extend(items)
_portcullis_heapq = _portcullis_Module()
_portcullis_heapq.heappush = _portcullis_heappush
_portcullis_heapq.heappop = _portcullis_heappop
_portcullis_heapq.heappushpop = _portcullis_heappushpop
_portcullis_heapq.heapify = _portcullis_heapify
_portcullis_heapq.nlargest = lambda n, items, key=None: (sorted(items, reverse=True) if key is None else sorted(items, key=key, reverse=True))[:n]
_portcullis_heapq.nsmallest = lambda n, items, key=None: (sorted(items) if key is None else sorted(items, key=key))[:n]
_portcullis_heapq.merge = lambda *lists: iter(sorted([each for items in lists for each in items]))
`,
  },
  {
    defines: [`${P}bisect`],
    needs: [`${P}Module`],
    code: `
def _portcullis_bisect_left(items, value):
    return len([each for each in items if each < value])
def _portcullis_bisect_right(items, value):
    return len([each for each in items if not value < each])
_portcullis_bisect = _portcullis_Module()
_portcullis_bisect.bisect_left = _portcullis_bisect_left
_portcullis_bisect.bisect_right = _portcullis_bisect_right
_portcullis_bisect.bisect = _portcullis_bisect_right
_portcullis_bisect.insort = lambda items, value: items.insert(_portcullis_bisect_right(items, value), value)
`,
  },
  {
    defines: [`${P}copy`],
    needs: [`${P}Module`],
    code: `
def _portcullis_deepcopy(value):
    if isinstance(value, dict):
        copied = value.copy()
        for key in value:
            copied[key] = _portcullis_deepcopy(value[key])
        return copied
    if isinstance(value, list):
        return [_portcullis_deepcopy(each) for each in value]
    if isinstance(value, tuple):
        return tuple([_portcullis_deepcopy(each) for each in value])
    if isinstance(value, set):
        return set(value)
    return value
_portcullis_copy = _portcullis_Module()
_portcullis_copy.deepcopy = _portcullis_deepcopy
_portcullis_copy.copy = lambda value: value.copy() if isinstance(value, (dict, list, set)) else value
`,
  },
  {
    defines: [`${P}contextlib`],
    needs: [`${P}Module`],
    code: `
class _portcullis_suppress:
    def __init__(self, *kinds):
        self.kinds = kinds
    def __enter__(self):
        return None
    def __exit__(self, kind, error, traceback):
        return error is not None and isinstance(error, self.kinds)
class _portcullis_nullcontext:
    def __init__(self, value=None):
        self.value = value
    def __enter__(self):
        return self.value
    def __exit__(self, kind, error, traceback):
        return False
_portcullis_contextlib = _portcullis_Module()
_portcullis_contextlib.suppress = _portcullis_suppress
_portcullis_contextlib.nullcontext = _portcullis_nullcontext
`,
  },
  {
    defines: [`${P}hashlib`],
    needs: [`${P}Module`],
    code: `
import base64 as _portcullis_base64
class _portcullis_Hash:
    def __init__(self, name, data):
        self.name = name
        self.data = data
    def update(self, data):
        self.data = self.data + data
    def hexdigest(self):
        return _portcullis_digest(self.name, _portcullis_base64.b64encode(self.data).decode())
_portcullis_hashlib = _portcullis_Module()
_portcullis_hashlib.sha256 = lambda data=b"", **more: _portcullis_Hash("sha256", data)
_portcullis_hashlib.sha1 = lambda data=b"", **more: _portcullis_Hash("sha1", data)
_portcullis_hashlib.sha512 = lambda data=b"", **more: _portcullis_Hash("sha512", data)
_portcullis_hashlib.md5 = lambda data=b"", **more: _portcullis_Hash("md5", data)
_portcullis_hashlib.new = lambda name, data=b"", **more: _portcullis_Hash(name, data)
`,
  },
  {
    defines: [`${P}wraps`, `${P}lru_cache`, `${P}cache`],
    code: `
def _portcullis_wraps(wrapped, *more):
    return lambda wrapper: wrapper
def _portcullis_cache(work):
    known = {}
    def run(*args, **named):
        key = (args, tuple(sorted(named.items())))
        if key not in known:
            known[key] = work(*args, **named)
        return known[key]
    return run
def _portcullis_lru_cache(maxsize=128, typed=False):
    if maxsize is None or isinstance(maxsize, int):
        return _portcullis_cache
    return _portcullis_cache(maxsize)
`,
  },
  {
    defines: [`${P}PurePosixPath`, `${P}PurePath`, `${P}PosixPath`],
    code: `
from pathlib import Path as _portcullis_PurePosixPath
_portcullis_PurePath = _portcullis_PurePosixPath
_portcullis_PosixPath = _portcullis_PurePosixPath
`,
  },
  {
    defines: [`${P}shuffle`],
    code: `
def _portcullis_shuffle(items):
    mixed = random.sample(list(items), len(items))
    items.clear()
    items.extend(mixed)
`,
  },
  {
    defines: [`${P}cmp_to_key`],
    code: `
def _portcullis_cmp_to_key(compare):
    raise NotImplementedError("cmp_to_key is not available; use sorted with a key that gives a number or a tuple")
`,
  },
  {
    defines: [`${P}groupby`],
    code: `
def _portcullis_groupby(items, key=None):
    groups = []
    for item in items:
        own = item if key is None else key(item)
        if len(groups) > 0 and groups[-1][0] == own:
            groups[-1][1].append(item)
        else:
            groups.append((own, [item]))
    return iter(groups)
`,
  },
  {
    defines: [`${P}combinations`, `${P}permutations`, `${P}product`],
    code: `
def _portcullis_picked(items, size, ordered):
    if size == 0:
        return [()]
    made = []
    for index, item in enumerate(items):
        rest = items[:index] + items[index + 1:] if ordered else items[index + 1:]
        for tail in _portcullis_picked(rest, size - 1, ordered):
            made.append((item,) + tail)
    return made
def _portcullis_combinations(items, size):
    return iter(_portcullis_picked(list(items), size, False))
def _portcullis_permutations(items, size=None):
    items = list(items)
    return iter(_portcullis_picked(items, len(items) if size is None else size, True))
def _portcullis_product(*lists, repeat=1):
    made = [()]
    for items in list(lists) * repeat:
        values = list(items)
        made = [each + (value,) for each in made for value in values]
    return iter(made)
`,
  },
  {
    defines: [`${P}zip_longest`, `${P}accumulate`, `${P}tee`],
    code: `
def _portcullis_zip_longest(*lists, fillvalue=None):
    all = [list(items) for items in lists]
    most = max([len(items) for items in all], default=0)
    return iter([tuple([items[i] if i < len(items) else fillvalue for items in all]) for i in range(most)])
def _portcullis_accumulate(items, func=None, initial=None):
    made = [] if initial is None else [initial]
    for item in items:
        made.append(item if len(made) == 0 else made[-1] + item if func is None else func(made[-1], item))
    return iter(made)
def _portcullis_tee(items, n=2):
    values = list(items)
    return tuple([iter(values) for _ in range(n)])
`,
  },
  {
    defines: [`${P}prod`],
    code: `
def _portcullis_prod(items, start=1):
    for item in items:
        start = start * item
    return start
`,
  },
];
