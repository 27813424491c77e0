/** Snippets with what CPython gives for them; those that cannot run here with the hint they end in. */

export interface Snippet {
  readonly name: string;
  readonly code: string;
  /** The value, or what is printed where there is none. */
  readonly gives?: unknown;
  readonly hint?: RegExp;
}

const s = (name: string, code: string, gives: unknown): Snippet => ({ name, code, gives });
const hinted = (name: string, code: string, hint: RegExp): Snippet => ({ name, code, hint });

export const SNIPPETS: readonly Snippet[] = [
  // Values and text.
  s('arithmetic', '7 // 2 + 7 % 3 + 2 ** 5', 36),
  s('true division', '7 / 2', 3.5),
  s('negative floor', '-7 // 2', -4),
  s('rounding', 'round(2.675, 1)', 2.7),
  s('chained comparison', '1 < 2 <= 2 < 3', true),
  s('conditional', '"big" if 5 > 3 else "small"', 'big'),
  s('f-string with format', 'n = 1234.5678\nf"{n:,.2f} {42:>5} {0.256:.1%}"', '1,234.57    42 25.6%'),
  s('f-string with repr', 'x = "a"\nf"{x!r}"', "'a'"),
  s('str.format', '"{} and {name}".format(1, name="b")', '1 and b'),
  s('split and join', '"-".join("a b c".split())', 'a-b-c'),
  s('strip and title', '"  hello world ".strip().title()', 'Hello World'),
  s('replace and count', '"banana".replace("an", "AN", 1) + str("banana".count("a"))', 'bANana3'),
  s('startswith with tuple', '"test.py".startswith(("a", "te"))', true),
  s('splitlines', '"a\\nb\\nc".splitlines()', ['a', 'b', 'c']),
  s('slicing', '[1, 2, 3, 4, 5][1:4:2] + [1, 2, 3][::-1]', [2, 4, 3, 2, 1]),
  s('text slicing', '"portcullis"[4:8]', 'cull'),
  s('in', '"a" in "abc" and 3 not in [1, 2]', true),
  s('multiline text', '"""a\nb"""', 'a\nb'),
  s('partition', '"key=value=x".partition("=")', ['key', '=', 'value=x']),
  s('isdigit', '[c for c in "a1b2" if c.isdigit()]', ['1', '2']),
  s('unicode', '"Grüße 😀"[-1]', '😀'),
  // Collections.
  s('list comprehension', '[x * x for x in range(6) if x % 2]', [1, 9, 25]),
  s('nested comprehension', '[(i, j) for i in range(2) for j in range(2)]', [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ]),
  s('dict comprehension', '{k: len(k) for k in ["a", "bb"]}', { a: 1, bb: 2 }),
  s('set comprehension', 'sorted({x % 3 for x in range(10)})', [0, 1, 2]),
  s('unpacking', 'a, *b, c = [1, 2, 3, 4]\n[a, b, c]', [1, [2, 3], 4]),
  s('swap', 'a, b = 1, 2\na, b = b, a\n[a, b]', [2, 1]),
  s('dict methods', 'd = {"a": 1}\nd.setdefault("b", []).append(2)\n[d.get("c", 0), list(d.items())]', [
    0,
    [
      ['a', 1],
      ['b', [2]],
    ],
  ]),
  s('dict merge by stars', '{**{"a": 1}, **{"b": 2}}', { a: 1, b: 2 }),
  s('dict update and pop', 'd = {"a": 1, "b": 2}\nd.update(c=3)\nd.pop("a")\nd', { b: 2, c: 3 }),
  s('sorted by key', 'sorted([{"n": 2}, {"n": 1}], key=lambda x: x["n"], reverse=True)', [{ n: 2 }, { n: 1 }]),
  s('sort by two keys', 'sorted([("b", 1), ("a", 2), ("a", 1)], key=lambda p: (p[0], -p[1]))', [
    ['a', 2],
    ['a', 1],
    ['b', 1],
  ]),
  s('min and max with key', '[max(["a", "ccc", "bb"], key=len), min([3, 1, 2])]', ['ccc', 1]),
  s('enumerate', '[f"{i}:{x}" for i, x in enumerate(["a", "b"], start=1)]', ['1:a', '2:b']),
  s('zip', 'dict(zip(["a", "b"], [1, 2]))', { a: 1, b: 2 }),
  s('any and all', '[any(x > 2 for x in [1, 2, 3]), all(x > 2 for x in [1, 2, 3])]', [true, false]),
  s('sum of generator', 'sum(x["n"] for x in [{"n": 1}, {"n": 2}])', 3),
  s('map and filter', 'list(map(str, filter(lambda x: x > 1, [1, 2, 3])))', ['2', '3']),
  s('list methods', 'x = [3, 1]\nx.extend([2])\nx.insert(0, 9)\nx.remove(1)\nx.reverse()\nx', [2, 3, 9]),
  s('tuple as key', '{(1, 2): "a"}[(1, 2)]', 'a'),
  s('set operations', 'sorted({1, 2, 3} & {2, 3, 4}) + sorted({1, 2} | {5})', [2, 3, 1, 2, 5]),
  s('Counter', 'from collections import Counter\nCounter(["a", "b", "a"]).most_common(1)', [['a', 2]]),
  s('defaultdict', 'from collections import defaultdict\nd = defaultdict(list)\nd["a"].append(1)\ndict(d)', { a: [1] }),
  s('itertools.chain', 'from itertools import chain\nlist(chain([1], [2, 3]))', [1, 2, 3]),
  s('functools.reduce', 'from functools import reduce\nreduce(lambda a, b: a * b, [1, 2, 3, 4])', 24),
  s('walrus', '[y for x in [1, 2, 3] if (y := x * 2) > 2]', [4, 6]),
  // Functions, classes, errors.
  s(
    'function with defaults',
    'def f(a, b=2, *args, c=3, **kw):\n    return [a, b, list(args), c, kw]\nf(1, c=5, d=6)',
    [1, 2, [], 5, { d: 6 }],
  ),
  s('closure', 'def make(n):\n    def add(x):\n        return x + n\n    return add\nmake(2)(3)', 5),
  s(
    'nonlocal',
    'def f():\n    n = 0\n    def up():\n        nonlocal n\n        n += 1\n    up()\n    up()\n    return n\nf()',
    2,
  ),
  s('annotations', 'def f(a: int, b: list[str] | None = None) -> dict:\n    return {"a": a}\nf(1)', { a: 1 }),
  s(
    'class',
    'class P:\n    def __init__(self, x):\n        self.x = x\n    def double(self):\n        return self.x * 2\nP(4).double()',
    8,
  ),
  s(
    'dataclass',
    'from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: int = 2\np = P(1)\np.x + p.y',
    3,
  ),
  s('try and except', 'try:\n    {}["a"]\nexcept KeyError as e:\n    r = f"missing {e}"\nr', "missing 'a'"),
  s(
    'else and finally',
    'out = []\ntry:\n    out.append(1)\nexcept Exception:\n    out.append(2)\nelse:\n    out.append(3)\nfinally:\n    out.append(4)\nout',
    [1, 3, 4],
  ),
  s(
    'raise and catch',
    'def f(x):\n    if x < 0:\n        raise ValueError("negative")\n    return x\ntry:\n    f(-1)\nexcept (ValueError, TypeError) as e:\n    r = str(e)\nr',
    'negative',
  ),
  s('assert', 'try:\n    assert 1 == 2, "no"\nexcept AssertionError as e:\n    r = str(e)\nr', 'no'),
  s(
    'while with break and else',
    'n = 0\nwhile n < 5:\n    n += 1\n    if n == 3:\n        break\nelse:\n    n = -1\nn',
    3,
  ),
  s('for with continue', 'r = []\nfor i in range(5):\n    if i % 2:\n        continue\n    r.append(i)\nr', [0, 2, 4]),
  s('top-level return', 'x = 5\nreturn x + 1', 6),
  s('print is shown', 'print("a", 1, sep="-")', 'a-1\n'),
  s('isinstance', '[isinstance(1, int), isinstance("a", (int, str))]', [true, true]),
  s('ternary in f-string', 'f"{1 if True else 2}"', '1'),
  s('recursion', 'def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\nfib(12)', 144),
  // Modules.
  s('json', 'import json\njson.loads(json.dumps({"a": [1, None]}, indent=2))', { a: [1, null] }),
  s('re.findall', 'import re\nre.findall(r"\\d+", "a1b22")', ['1', '22']),
  s('re.sub', 'import re\nre.sub(r"(\\w+)@(\\w+)", r"\\2 \\1", "a@b")', 'b a'),
  s('re groups', 'import re\nm = re.search(r"(?P<y>\\d{4})-(\\d\\d)", "on 2026-11")\n[m.group("y"), m.group(2)]', [
    '2026',
    '11',
  ]),
  s('math', 'import math\n[math.ceil(1.2), math.sqrt(16), round(math.pi, 2)]', [2, 4, 3.14]),
  s(
    'datetime parse',
    'from datetime import datetime\nd = datetime.fromisoformat("2026-11-23T10:00:00+00:00")\n[d.year, d.isoformat()]',
    [2026, '2026-11-23T10:00:00+00:00'],
  ),
  s('strftime', 'from datetime import datetime\ndatetime(2026, 11, 23).strftime("%Y-%m-%d %H:%M")', '2026-11-23 00:00'),
  s('timedelta', 'from datetime import datetime, timedelta\n(datetime(2026, 1, 1) + timedelta(days=31)).day', 1),
  s(
    'now comes from the host',
    'from datetime import datetime, timezone\ndatetime.now(timezone.utc).isoformat()',
    '2026-11-23T12:30:00+00:00',
  ),
  s('base64', 'import base64\nbase64.b64encode(b"hi").decode()', 'aGk='),
  s('time.time', 'import time\nint(time.time())', 1795437000),
  s('time as t', 'import time as t\nt.strftime("%Y-%m-%d")', '2026-11-23'),
  s('time.sleep', 'import time\ntime.sleep(60)\n"on"', 'on'),
  s('from time import', 'from time import time, sleep\nint(time()) > 0', true),
  s('statistics', 'import statistics\n[statistics.mean([1, 2, 3]), statistics.median([4, 1, 3, 2])]', [2, 2.5]),
  s(
    'from statistics import',
    'from statistics import mean, stdev\nround(stdev([1, 2, 3, 4]) + mean([1, 3]), 3)',
    3.291,
  ),
  s('random', 'import random\nrandom.choice([1, 2, 3]) in [1, 2, 3]', true),
  s('uuid', 'import uuid\nlen(str(uuid.uuid4()))', 36),
  s('quote', 'from urllib.parse import quote, urlencode\n[quote("a b/c"), urlencode({"q": "x y", "n": 1})]', [
    'a%20b/c',
    'q=x+y&n=1',
  ]),
  s('import urllib.parse', 'import urllib.parse\nurllib.parse.quote_plus("a b&c")', 'a+b%26c'),
  s(
    'several imports on a line',
    'import json, time, re\njson.dumps([int(time.time()) > 0, bool(re.match("a", "a"))])',
    '[true, true]',
  ),
  // Tools.
  s('awaited call', 'await desk.work(value=3)', 3),
  s('forgotten await', 'r = desk.issues(count=2)\n[i["title"] for i in r]', ['Issue 1', 'Issue 2']),
  s('forgotten await in an expression', 'len(desk.issues(count=4)) + desk.work(value=1)', 5),
  s('index after a forgotten await', 'desk.issues(count=2)[0]["number"]', 1),
  s('forgotten await in an async function', 'async def f(n):\n    return desk.work(value=n)\nawait f(2)', 2),
  s('gather', 'import asyncio\nawait asyncio.gather(desk.work(value=1), shop.work(value=2))', [1, 2]),
  s(
    'gather over a list',
    'import asyncio\nawait asyncio.gather(*[desk.work(value=i) for i in range(4)])',
    [0, 1, 2, 3],
  ),
  s(
    'tasks first, gather later',
    'import asyncio\ntasks = [desk.work(value=i) for i in range(3)]\nresults = await asyncio.gather(*tasks)\nsum(results)',
    3,
  ),
  s(
    'tasks appended',
    'import asyncio\ntasks = []\nfor i in range(3):\n    tasks.append(desk.work(value=i))\nawait asyncio.gather(*tasks)',
    [0, 1, 2],
  ),
  s('create_task', 'import asyncio\nt = asyncio.create_task(desk.work(value=7))\nawait t', 7),
  s(
    'gather with exceptions',
    'import asyncio\nr = await asyncio.gather(desk.work(value=1), desk.fails(), return_exceptions=True)\n[r[0], isinstance(r[1], Exception), str(r[1])]',
    [1, true, 'the server said no'],
  ),
  s(
    'gather over a list with exceptions',
    'import asyncio\nr = await asyncio.gather(*[desk.fails() for _ in range(2)], return_exceptions=True)\n[isinstance(x, Exception) for x in r]',
    [true, true],
  ),
  s(
    'coroutines that catch, gathered',
    'import asyncio\nasync def one(n):\n    try:\n        if n == 1:\n            return await desk.fails()\n        return await desk.work(value=n)\n    except Exception as e:\n        return str(e)\nawait asyncio.gather(*[one(i) for i in range(3)])',
    [0, 'the server said no', 2],
  ),
  s(
    'coroutines that fail, gathered',
    'import asyncio\nasync def one(n):\n    return await desk.fails()\ntry:\n    r = await asyncio.gather(one(1), one(2))\nexcept Exception as e:\n    r = str(e)\nr',
    'the server said no',
  ),
  s('wait_for', 'import asyncio\nawait asyncio.wait_for(desk.work(value=5), timeout=10)', 5),
  s('asyncio.run', 'import asyncio\nasync def main():\n    return await desk.work(value=9)\nasyncio.run(main())', 9),
  s('asyncio.sleep', 'import asyncio\nawait asyncio.sleep(0.01)\n"awake"', 'awake'),
  s(
    'error of a tool',
    'try:\n    await desk.fails()\nexcept Exception as e:\n    r = f"{type(e).__name__}: {e}"\nr',
    'RuntimeError: the server said no',
  ),
  s(
    'pages',
    'items = []\npage = 1\nwhile page:\n    got = await desk.page(page=page)\n    items += got["items"]\n    page = got["next"]\nitems',
    ['p1a', 'p1b', 'p2a', 'p2b'],
  ),
  s(
    'filter and group',
    'from collections import defaultdict\nby = defaultdict(list)\nfor i in await desk.issues(count=5):\n    if i["state"] == "open":\n        by[i["user"]["login"]].append(i["number"])\ndict(by)',
    { ada: [1, 3, 5] },
  ),
  s(
    'next with a default',
    'issues = await desk.issues(count=3)\nnext((i["title"] for i in issues if i["number"] == 2), None)',
    'Issue 2',
  ),
  s('next that finds nothing', 'next((x for x in [1, 2] if x > 5), "none")', 'none'),
  s(
    'sort by date',
    'issues = await desk.issues(count=3)\n[i["number"] for i in sorted(issues, key=lambda i: i["created_at"])]',
    [3, 2, 1],
  ),
  s(
    'markdown table',
    'rows = await desk.issues(count=2)\n"\\n".join(f"| {r[\'number\']} | {r[\'title\']} |" for r in rows)',
    '| 1 | Issue 1 |\n| 2 | Issue 2 |',
  ),
  s('keyword with an odd name', 'await desk.echo(**{"$filter": "x"})', { $filter: 'x' }),
  s(
    'results of one into the next',
    'first = await desk.issues(count=1)\nawait desk.echo(title=first[0]["title"].upper())',
    { title: 'ISSUE 1' },
  ),
  // What cannot be had.
  hinted('unknown module', 'import numpy as np\nnp.array([1])', /only json, re/),
  hinted('open', 'open("x.txt").read()', /no file system/),
];
