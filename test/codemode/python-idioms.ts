/** Idioms of everyday scripts that the engine lacks and the rewrites, the prelude or the host bring: values as CPython gives them. */

import { hinted, type Snippet, s } from './snippet.ts';

export const IDIOMS: readonly Snippet[] = [
  s('del a key', 'd = {"a": 1, "b": 2}\ndel d["a"]\nd', { b: 2 }),
  s('del an index and a slice', 'x = [1, 2, 3, 4, 5]\ndel x[0], x[1:3]\nx', [2, 5]),
  s(
    'del a nested key that is missing',
    'd = {"a": {}}\ntry:\n    del d["a"]["b"]\nexcept KeyError as e:\n    r = str(e)\nr',
    "'b'",
  ),
  s('del in a loop', 'd = {"a": 1, "b": None}\nfor k in list(d):\n    if d[k] is None: del d[k]\nd', { a: 1 }),
  s('slice assignment', 'x = [1, 2, 3, 4]\nx[1:3] = ["b"]\nx[:0] = [0]\nx', [0, 1, 'b', 4]),
  s('swap of elements', 'x = [1, 2, 3]\nx[0], x[-1] = x[-1], x[0]\nx', [3, 2, 1]),
  s('dict union', 'a = {"x": 1}\nb = a | {"y": 2}\na |= {"z": 3}\n[a, b]', [
    { x: 1, z: 3 },
    { x: 1, y: 2 },
  ]),
  s('set union by a sign', 's = {1} | {2}\ns |= {3}\nsorted(s)', [1, 2, 3]),
  s('isinstance of a union', '[isinstance(1, int | str), isinstance(1.5, int | str), isinstance(None, str | None)]', [
    true,
    false,
    true,
  ]),
  s(
    'percent formatting',
    '"%s has %d items, %.1f%% of %5s|%-5s|%05d" % ("a", 3, 12.345, "x", "y", 42)',
    'a has 3 items, 12.3% of     x|y    |00042',
  ),
  s('percent with a dict', '"%(a)s-%(b)03d" % {"a": "x", "b": 7}', 'x-007'),
  s('percent of a variable', 'TEMPLATE = "%s/%s"\nTEMPLATE % ("a", "b") + "%x" % 255', 'a/bff'),
  s('percent of numbers stays', 'n = 17\nsize = 5\n[n % size, -7 % 3, 7.5 % 2]', [2, 2, 1.5]),
  s(
    'match on values',
    'def f(x):\n    match x:\n        case 1 | 2:\n            return "small"\n        case str():\n            return "text"\n        case None:\n            return "none"\n        case _:\n            return "other"\n[f(1), f(2), f("a"), f(None), f(9)]',
    ['small', 'small', 'text', 'none', 'other'],
  ),
  s(
    'match on sequences',
    'def f(x):\n    match x:\n        case []:\n            return "empty"\n        case [one]:\n            return one\n        case [first, *rest]:\n            return [first, rest]\n[f([]), f([1]), f([1, 2, 3])]',
    ['empty', 1, [1, [2, 3]]],
  ),
  s(
    'match on mappings',
    'def f(e):\n    match e:\n        case {"type": "push", "ref": ref}:\n            return ref\n        case {"type": t, **rest} if rest:\n            return [t, rest]\n        case {"type": t}:\n            return t\n[f({"type": "push", "ref": "main"}), f({"type": "x", "n": 1}), f({"type": "y"})]',
    ['main', ['x', { n: 1 }], 'y'],
  ),
  s(
    'match on classes',
    'class P:\n    def __init__(self, x, y):\n        self.x = x\n        self.y = y\ndef f(p):\n    match p:\n        case P(x=0, y=y):\n            return y\n        case P(x=x) as q:\n            return q.x\n        case int(n):\n            return -n\n[f(P(0, 5)), f(P(3, 1)), f(4)]',
    [5, 3, -4],
  ),
  s(
    'match within match',
    'def f(a, b):\n    match a:\n        case 1:\n            match b:\n                case 2:\n                    return "both"\n                case _:\n                    return "first"\n        case _:\n            return "none"\n[f(1, 2), f(1, 3), f(4, 4)]',
    ['both', 'first', 'none'],
  ),
  s('match as a name', 'import re\nmatch = re.search("b", "abc")\ncase = 1\nmatch.group(0)', 'b'),
  s('generator', 'def count(n):\n    for i in range(n):\n        yield i * 2\n\nlist(count(3))', [0, 2, 4]),
  s('generator with send of nothing', 'def g():\n    yield 1\n    yield from [2, 3]\n    yield\n\n[x for x in g()]', [
    1,
    2,
    3,
    null,
  ]),
  s(
    'generator in a function',
    'def outer():\n    def inner(xs):\n        for x in xs:\n            if x: yield x\n    return sum(inner([1, 0, 2]))\nouter()',
    3,
  ),
  s(
    'generator method',
    'class Tree:\n    def __init__(self, kids):\n        self.kids = kids\n    def walk(self):\n        yield 1\n        for kid in self.kids:\n            yield from kid.walk()\n\nlist(Tree([Tree([]), Tree([])]).walk())',
    [1, 1, 1],
  ),
  s('next of a generator', 'def g():\n    yield "a"\n    yield "b"\n\nit = g()\n[next(it), next(it), next(it, None)]', [
    'a',
    'b',
    null,
  ]),
  s(
    'async generator',
    'async def pages():\n    page = 1\n    while page:\n        got = await desk.page(page=page)\n        for item in got["items"]:\n            yield item\n        page = got["next"]\n\n[x async for x in pages()]',
    ['p1a', 'p1b', 'p2a', 'p2b'],
  ),
  s(
    'async for',
    'async def numbers():\n    for i in range(3):\n        yield await desk.work(value=i)\n\nout = []\nasync for n in numbers():\n    out.append(n)\nout',
    [0, 1, 2],
  ),
  s(
    'inheritance',
    'class A:\n    kind = "a"\n    def __init__(self, n):\n        self.n = n\n    def tell(self):\n        return f"{self.kind}{self.n}"\n\nclass B(A):\n    kind = "b"\n    def __init__(self, n):\n        super().__init__(n + 1)\n    def tell(self):\n        return super().tell() + "!"\n\n[B(1).tell(), isinstance(B(1), A), isinstance(A(1), B), issubclass(B, A)]',
    ['b2!', true, false, true],
  ),
  s(
    'abstract base',
    'from abc import ABC, abstractmethod\nclass Shape(ABC):\n    @abstractmethod\n    def area(self): ...\n    def show(self):\n        return f"area {self.area()}"\n\nclass Square(Shape):\n    def __init__(self, side):\n        self.side = side\n    def area(self):\n        return self.side ** 2\n\nSquare(3).show()',
    'area 9',
  ),
  s(
    'property',
    'class P:\n    def __init__(self, first, last):\n        self.first, self.last = first, last\n    @property\n    def full(self):\n        return f"{self.first} {self.last}"\nP("Ada", "L").full.upper()',
    'ADA L',
  ),
  s(
    'static and class methods',
    'class P:\n    count = 0\n    def __init__(self, x):\n        self.x = x\n    @classmethod\n    def parse(cls, text):\n        return cls(int(text))\n    @staticmethod\n    def twice(n):\n        return n * 2\n[P.parse("4").x, P.twice(3), P(1).twice(5)]',
    [4, 6, 10],
  ),
  s(
    'dataclass with fields',
    'from dataclasses import dataclass, field, asdict\n@dataclass\nclass P:\n    name: str\n    tags: list[str] = field(default_factory=list)\n    n: int = 0\na, b = P("a"), P("b", n=2)\na.tags.append("x")\n[asdict(a), asdict(b), a == P("a", ["x"]), repr(b)]',
    [{ name: 'a', tags: ['x'], n: 0 }, { name: 'b', tags: [], n: 2 }, true, "P(name='b', tags=[], n=2)"],
  ),
  s(
    'dataclass with post init',
    'from dataclasses import dataclass\n@dataclass\nclass R:\n    w: int\n    h: int\n    def __post_init__(self):\n        self.area = self.w * self.h\nR(2, h=3).area',
    6,
  ),
  s(
    'dataclass that inherits',
    'from dataclasses import dataclass, asdict\n@dataclass\nclass A:\n    x: int\n@dataclass\nclass B(A):\n    y: int = 5\n\nasdict(B(1))',
    { x: 1, y: 5 },
  ),
  s(
    'enumeration',
    'from enum import Enum\nclass Color(Enum):\n    RED = "r"\n    BLUE = "b"\n\n[Color.RED.value, Color.BLUE.name, Color("b").name, Color["RED"].value, [c.name for c in Color], Color.RED == Color.RED, Color.RED is Color("r"), str(Color.RED)]',
    ['r', 'BLUE', 'BLUE', 'r', ['RED', 'BLUE'], true, true, 'Color.RED'],
  ),
  s(
    'enumeration of texts',
    'from enum import Enum\nclass State(str, Enum):\n    OPEN = "open"\n    DONE = "done"\n\n[i for i, x in enumerate(["open", "x"]) if x == State.OPEN] + [State("done").value]',
    [0, 'done'],
  ),
  s(
    'own exception',
    'class AppError(Exception):\n    pass\n\ntry:\n    raise AppError("it broke")\nexcept AppError as e:\n    r = [str(e), type(e).__name__, isinstance(e, Exception), repr(e)]\nr',
    ['it broke', 'AppError', true, "AppError('it broke')"],
  ),
  s(
    'own exception with data',
    'class HttpError(Exception):\n    def __init__(self, status, message="failed"):\n        self.status = status\n        super().__init__(f"{status}: {message}")\n\ndef get(s):\n    if s >= 400:\n        raise HttpError(s)\n    return s\nout = []\nfor s in (200, 404):\n    try:\n        out.append(get(s))\n    except HttpError as err:\n        out.append([err.status, str(err)])\nout',
    [200, [404, '404: failed']],
  ),
  s(
    'family of exceptions',
    'class Base(Exception): pass\nclass A(Base): pass\nclass B(Base): pass\n\nout = []\nfor kind in (A, B, ValueError):\n    try:\n        raise kind("x")\n    except A:\n        out.append("a")\n    except Base as e:\n        out.append(f"base {e}")\n    except (ValueError, TypeError) as e:\n        out.append("value")\nout',
    ['a', 'base x', 'value'],
  ),
  s(
    'own exception is its base',
    'class Bad(ValueError):\n    """Bad."""\n\ntry:\n    raise Bad("no")\nexcept ValueError as e:\n    r = str(e)\nr',
    'no',
  ),
  s(
    'own exception leaves others alone',
    'class Bad(Exception): pass\n\ndef f():\n    try:\n        raise Bad("one")\n    except Bad:\n        pass\n    try:\n        return 1 / 0\n    except Bad:\n        return "wrong"\n    except ZeroDivisionError as e:\n        return str(e)\nf()',
    'division by zero',
  ),
  s(
    'own exception from another',
    'class Wrapped(Exception): pass\n\ntry:\n    try:\n        {}["k"]\n    except KeyError as e:\n        raise Wrapped(f"lost {e}") from e\nexcept Exception as e:\n    r = str(e)\nr',
    "lost 'k'",
  ),
  s(
    'own exception again',
    'class Bad(Exception): pass\n\ntry:\n    try:\n        raise Bad("x")\n    except Bad:\n        raise\nexcept Bad as e:\n    r = "again " + str(e)\nr',
    'again x',
  ),
  s(
    'connection errors',
    'try:\n    raise ConnectionError("down")\nexcept (ConnectionError, TimeoutError) as e:\n    r = str(e)\nr',
    'down',
  ),
  s(
    'gathered coroutines',
    'import asyncio\nasync def one(n):\n    a = await desk.work(value=n)\n    b = await desk.work(value=a + 1)\n    return a * b\n\nawait asyncio.gather(*[one(i) for i in range(4)])',
    [0, 2, 6, 12],
  ),
  s(
    'gathered coroutines with exceptions',
    'import asyncio\nclass Odd(Exception): pass\n\nasync def one(n):\n    if n % 2: raise Odd(f"odd {n}")\n    if n == 2: return await desk.fails()\n    return await desk.work(value=n)\n\nr = await asyncio.gather(*[one(i) for i in range(4)], return_exceptions=True)\n[x if not isinstance(x, Exception) else f"{type(x).__name__}: {x}" for x in r]',
    [0, 'Odd: odd 1', 'RuntimeError: the server said no', 'Odd: odd 3'],
  ),
  s(
    'gather within gather',
    'import asyncio\nasync def leaf(n): return await desk.work(value=n)\nasync def branch(n): return sum(await asyncio.gather(leaf(n), leaf(n + 1)))\nawait asyncio.gather(branch(1), branch(10))',
    [3, 21],
  ),
  s(
    'tasks',
    'import asyncio\nasync def f(n): return await desk.work(value=n)\ntasks = [asyncio.create_task(f(i)) for i in range(3)]\ndone = [await t for t in tasks]\n[done, tasks[0].done(), tasks[1].result()]',
    [[0, 1, 2], true, 1],
  ),
  s(
    'task group',
    'import asyncio\nasync def f(n): return await desk.work(value=n)\nasync with asyncio.TaskGroup() as tg:\n    a = tg.create_task(f(1))\n    b = tg.create_task(f(2))\na.result() + b.result()',
    3,
  ),
  s(
    'wait',
    'import asyncio\nasync def f(n): return await desk.work(value=n)\ndone, pending = await asyncio.wait([asyncio.create_task(f(i)) for i in range(3)])\n[sorted(t.result() for t in done), len(pending)]',
    [[0, 1, 2], 0],
  ),
  s(
    'as completed',
    'import asyncio\nasync def f(n): return await desk.work(value=n)\nout = []\nfor c in asyncio.as_completed([f(1), f(2)]):\n    out.append(await c)\nsorted(out)',
    [1, 2],
  ),
  s(
    'semaphore',
    'import asyncio\nsem = asyncio.Semaphore(2)\nasync def f(n):\n    async with sem:\n        return await desk.work(value=n)\nawait asyncio.gather(*(f(i) for i in range(4)))',
    [0, 1, 2, 3],
  ),
  s(
    'lock',
    'import asyncio\nlock = asyncio.Lock()\ntotal = 0\nasync def add(n):\n    global total\n    async with lock:\n        before = total\n        got = await desk.work(value=n)\n        total = before + got\nawait asyncio.gather(*(add(i) for i in range(5)))\ntotal',
    10,
  ),
  s(
    'timeout of asyncio',
    'import asyncio\nasync def f():\n    try:\n        return await asyncio.wait_for(desk.work(value=1), timeout=5)\n    except asyncio.TimeoutError:\n        return "late"\nawait f()',
    1,
  ),
  s(
    'retries with backoff',
    'import asyncio\nasync def retry(fn, n):\n    for attempt in range(n):\n        try:\n            return await fn()\n        except Exception as e:\n            last = e\n            await asyncio.sleep(0.001 * 2 ** attempt)\n    return f"gave up: {last}"\nawait retry(lambda: desk.fails(), 3)',
    'gave up: the server said no',
  ),
  s(
    'sum of truths',
    '[sum(x > 1 for x in [1, 2, 3]), sum([True, False, True]), sum(len(x) for x in ["a", "bb"]), sum(x.startswith("a") for x in ["ab", "b"])]',
    [2, 2, 3, 1],
  ),
  s(
    'key by a method',
    'd = {"a": 1, "b": 3}\n[max(d, key=d.get), sorted(["b", "A"], key=str.lower), list(map(str.strip, [" x "])), min(d, key=d.get)]',
    ['b', ['A', 'b'], ['x'], 'a'],
  ),
  s(
    're.sub with a function',
    'import re\n[re.sub(r"\\d+", lambda m: str(int(m.group()) * 2), "a1b22"), re.compile("b").sub(lambda m: "<" + m.group(0) + ">", "abcb")]',
    ['a2b44', 'a<b>c<b>'],
  ),
  s(
    'json with a default',
    'import json\nfrom datetime import date\njson.dumps({"d": date(2026, 1, 2), "s": [1]}, default=str, sort_keys=True)',
    '{"d": "2026-01-02", "s": [1]}',
  ),
  s(
    'groupby',
    'from itertools import groupby\n[(k, [x["n"] for x in g]) for k, g in groupby([{"k": 1, "n": 1}, {"k": 1, "n": 2}, {"k": 2, "n": 3}], key=lambda x: x["k"])]',
    [
      [1, [1, 2]],
      [2, [3]],
    ],
  ),
  s(
    'itertools',
    'import itertools\n[list(itertools.combinations([1, 2, 3], 2)), list(itertools.product("ab", [1])), list(itertools.zip_longest([1], [2, 3], fillvalue=0)), list(itertools.accumulate([1, 2, 3])), len(list(itertools.permutations([1, 2, 3])))]',
    [
      [
        [1, 2],
        [1, 3],
        [2, 3],
      ],
      [
        ['a', 1],
        ['b', 1],
      ],
      [
        [1, 2],
        [0, 3],
      ],
      [1, 3, 6],
      6,
    ],
  ),
  s(
    'functools',
    'import functools\n@functools.lru_cache(maxsize=None)\ndef fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n@functools.cache\ndef sq(n): return n * n\n[fib(15), sq(4), functools.partial(pow, 2)(5)]',
    [610, 16, 32],
  ),
  s(
    'wraps',
    'from functools import wraps\ndef log(fn):\n    @wraps(fn)\n    def inner(*a, **k):\n        return ["called", fn(*a, **k)]\n    return inner\n@log\ndef f(x): return x + 1\nf(1)',
    ['called', 2],
  ),
  s(
    'operator',
    'from operator import itemgetter, attrgetter\n[sorted([{"a": 2}, {"a": 1}], key=itemgetter("a")), list(map(itemgetter(0, 1), [(1, 2, 3)]))]',
    [[{ a: 1 }, { a: 2 }], [[1, 2]]],
  ),
  s(
    'heapq',
    'import heapq\nh = []\nfor x in [5, 1, 4, 2]:\n    heapq.heappush(h, x)\n[heapq.heappop(h), heapq.heappop(h), heapq.nlargest(2, [1, 5, 3]), heapq.nsmallest(1, [{"n": 2}, {"n": 1}], key=lambda d: d["n"])]',
    [1, 2, [5, 3], [{ n: 1 }]],
  ),
  s('bisect', 'import bisect\nx = [1, 3, 5]\nbisect.insort(x, 4)\n[x, bisect.bisect_left(x, 3), bisect.bisect(x, 3)]', [
    [1, 3, 4, 5],
    1,
    2,
  ]),
  s('copy', 'import copy\na = {"x": [1]}\nb = copy.deepcopy(a)\nb["x"].append(2)\n[a, b]', [{ x: [1] }, { x: [1, 2] }]),
  s(
    'string module',
    'import string\nfrom string import Template\n[string.ascii_lowercase[:3], string.digits, Template("Hi $name, $" "{n}% $$").substitute(name="Ada", n=5), Template("$a $b").safe_substitute(a=1)]',
    ['abc', '0123456789', 'Hi Ada, 5% $', '1 $b'],
  ),
  s(
    'textwrap',
    'import textwrap\n[textwrap.dedent("  a\\n    b\\n  c"), textwrap.shorten("one two three four", width=12, placeholder="..."), textwrap.fill("aaa bbb ccc", width=7), textwrap.indent("a\\nb", "> "), textwrap.wrap("The quick brown fox", 10)]',
    ['a\n  b\nc', 'one two...', 'aaa bbb\nccc', '> a\n> b', ['The quick', 'brown fox']],
  ),
  s(
    'csv',
    'import csv, io\nrows = list(csv.DictReader(io.StringIO("a,b\\n1,\\"x, y\\"\\n2,\\"q\\"\\"q\\"\\n")))\nout = io.StringIO()\nw = csv.DictWriter(out, fieldnames=["a", "b"])\nw.writeheader()\nw.writerows(rows)\n[rows, out.getvalue(), list(csv.reader(["1;2"], delimiter=";"))]',
    [
      [
        { a: '1', b: 'x, y' },
        { a: '2', b: 'q"q' },
      ],
      'a,b\r\n1,"x, y"\r\n2,"q""q"\r\n',
      [['1', '2']],
    ],
  ),
  s('hashlib', 'import hashlib\n[hashlib.sha256(b"a").hexdigest()[:8], hashlib.md5("é".encode()).hexdigest()[:8]]', [
    'ca978112',
    '66ddcd97',
  ]),
  s(
    'html',
    'import html\nhtml.escape("<a href=\\"x\\">&") + html.unescape("&lt;b&gt;")',
    '&lt;a href=&quot;x&quot;&gt;&amp;<b>',
  ),
  s(
    'pathlib',
    'from pathlib import PurePosixPath\np = PurePosixPath("/srv") / "a.tar.gz"\n[p.name, p.suffix, p.stem, str(p.parent), str(p.with_suffix(".zip"))]',
    ['a.tar.gz', '.gz', 'a.tar', '/srv', '/srv/a.tar.zip'],
  ),
  s('suppress', 'from contextlib import suppress\nwith suppress(KeyError):\n    {}["a"]\n"on"', 'on'),
  s(
    'context manager of a class',
    'class Timer:\n    def __enter__(self):\n        self.on = True\n        return self\n    def __exit__(self, *exc):\n        self.on = False\n        return False\nwith Timer() as t:\n    inside = t.on\n[inside, t.on]',
    [true, false],
  ),
  s(
    'timestamps',
    'from datetime import datetime, timezone, timedelta\nd = datetime.fromtimestamp(1700000000, tz=timezone.utc)\n[d.isoformat(), d.isocalendar()[1], d.astimezone(timezone(timedelta(hours=2))).strftime("%H:%M")]',
    ['2023-11-14T22:13:20+00:00', 46, '00:13'],
  ),
  s(
    'UTC',
    'from datetime import datetime, UTC\ndatetime(2026, 1, 2, tzinfo=UTC).isoformat()',
    '2026-01-02T00:00:00+00:00',
  ),
  s(
    'statistics of values',
    'import statistics\nd = {"a": 1, "b": 3}\n[statistics.mean(d.values()), statistics.median(x for x in d.values()), statistics.mean(map(len, ["a", "bbb"]))]',
    [2, 2.0, 2],
  ),
  s('random.shuffle', 'import random\nx = [1, 2, 3]\nrandom.shuffle(x)\nsorted(x)', [1, 2, 3]),
  s('callable and format', '[callable(len), callable(3), format(3.14159, ".2f"), format(42, "05d")]', [
    true,
    false,
    '3.14',
    '00042',
  ]),
  s('starred target in a loop', '[a for a, *rest in [(1, 2, 3), (4,)]]', [1, 4]),
  s('print to stderr', 'import sys\nprint("seen", file=sys.stderr)', 'seen\n'),
  s(
    'functions that only hand on',
    'import asyncio\ndef load(n):\n    return desk.work(value=n)\nawait asyncio.gather(*[load(i) for i in range(3)])',
    [0, 1, 2],
  ),
  s(
    'decorator with arguments on a coroutine',
    'def twice(n):\n    def deco(fn):\n        async def inner(*a):\n            return [await fn(*a) for _ in range(n)]\n        return inner\n    return deco\n@twice(2)\nasync def f(x): return await desk.work(value=x)\nawait f(7)',
    [7, 7],
  ),
  s(
    'main guard',
    'import asyncio\nasync def main():\n    return await desk.work(value=2)\nif __name__ == "__main__":\n    print(asyncio.run(main()))',
    '2\n',
  ),
  s(
    'texts that look like code',
    'x = "del d[k]; yield 1; a | b; %s" + \'match x:\' + """\nclass A(B): pass\ndel x\n"""\n# del y\nlen(x)',
    60,
  ),
  s(
    'typing imports',
    'from typing import TypedDict, NamedTuple, Iterator, Optional\nfrom collections.abc import Callable\ndef f(x: Optional[int] = None) -> Iterator[int] | None:\n    return x\nf(3)',
    3,
  ),
  s(
    'named tuple as a class',
    'from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\n    y: int = 2\n\na, b = P(1)\n[a, b, P(1).y, P(x=3, y=4).x]',
    [1, 2, 2, 3],
  ),
  s(
    'typed dict as a class',
    'from typing import TypedDict\nclass Issue(TypedDict, total=False):\n    id: int\n    title: str\n\ndef f(i: Issue) -> str:\n    return i["title"]\nf({"id": 1, "title": "x"})',
    'x',
  ),
  s(
    'parts of hours',
    'from datetime import datetime, timedelta\n(datetime(2026, 1, 1) + timedelta(hours=1.5, days=1/2)).isoformat()',
    '2026-01-01T13:30:00',
  ),
  s(
    'wait for the first',
    'import asyncio\nasync def f(n): return await desk.work(value=n)\npending = {asyncio.create_task(f(i)) for i in range(3)}\nout = []\nwhile pending:\n    done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)\n    out += [t.result() for t in done]\nsorted(out)',
    [0, 1, 2],
  ),
  s(
    'logging',
    'import logging\nlogging.basicConfig(level=logging.INFO)\nlog = logging.getLogger(__name__)\nlog.debug("no")\n"on"',
    'on',
  ),
  // What cannot be had.
  hinted('Decimal', 'from decimal import Decimal\nDecimal("1.1") + 1', /whole numbers of cents/),
  hinted(
    'contextmanager',
    'from contextlib import contextmanager\n@contextmanager\ndef f():\n    yield 1\n\nwith f() as x:\n    print(x)',
    /class with __enter__/,
  ),
  hinted('queues', 'import asyncio\nq = asyncio.Queue()\nq', /gather the calls/),
  hinted('operators of objects', 'class V:\n    def __add__(self, o):\n        return 1\nV() + V()', /call a method/),
  hinted(
    'an endless generator',
    'def g():\n    n = 0\n    while True:\n        yield n\n        n += 1\n\nnext(g())',
    /let it end by itself/,
  ),
  hinted('a generator that is sent to', 'def g():\n    x = yield 1\n    yield x\n\nlist(g())', /build a list/),
];
