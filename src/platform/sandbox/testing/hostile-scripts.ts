/** Scripts that mean harm, or that a careless model writes: what each may give at most. */

export interface HostileScript {
  readonly name: string;
  readonly code: string;
  /** What it may give if it gives something; undefined: it has to fail. */
  readonly mayGive?: RegExp;
}

const script = (name: string, code: string, mayGive?: RegExp): HostileScript => ({
  name,
  code,
  ...(mayGive && { mayGive }),
});
const ANYTHING = /^/;

export const HOSTILE: readonly HostileScript[] = [
  // Time.
  script('endless loop', 'while True:\n    pass'),
  script(
    'endless loop that catches',
    'while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass',
  ),
  script('endless loop in finally', 'try:\n    1 / 0\nfinally:\n    while True:\n        pass'),
  script(
    'bare except around recursion',
    'def f():\n    try:\n        return f()\n    except:\n        return f()\nf()',
  ),
  script('endless loop in a key function', 'def k(x):\n    while True:\n        pass\nsorted([2, 1], key=k)'),
  script('endless loop in a comprehension', '[x for x in iter(int, 1)]'),
  script('large power', '3 ** (10 ** 8)'),
  script('tower of powers', '10 ** 10 ** 10'),
  script('large shift', '1 << (10 ** 11)'),
  script('factorial by hand', 'x = 1\nfor i in range(1, 10 ** 7):\n    x *= i'),
  script('long number from text', 'int("9" * 5_000_000)'),
  script('regular expression that backtracks', 'import re\nre.match(r"(a+)+$", "a" * 40 + "b")', /^null$/),
  script('regular expression with look-ahead', 'import re\nre.match(r"(?=(a+))(\\1)*$", "a" * 5000 + "b")', /^null$/),
  script('nested quantifiers', 'import re\nre.search(r"((a*)*)*c", "a" * 3000)', /^null$/),
  script('sum of a huge range', 'sum(range(10 ** 12))'),
  script('sort that never ends', 'x = list(range(10 ** 6))\nwhile True:\n    x.sort(key=lambda v: -v)'),
  // Memory.
  script('list that doubles', 'x = [0]\nwhile True:\n    x = x + x'),
  script('text that doubles', 'x = "a"\nwhile True:\n    x += x'),
  script('dict that grows', 'd = {}\ni = 0\nwhile True:\n    d[i] = "x" * 1000\n    i += 1'),
  script('repeated list', '[0] * (10 ** 10)'),
  script('repeated text', '"a" * (10 ** 10)'),
  script('repeated tuple', '(1, 2) * (10 ** 10)'),
  script('bytes', 'b"x" * (10 ** 10)'),
  script('huge join', '",".join(["x" * 1000] * (10 ** 7))'),
  script('huge replace', '("a" * 10 ** 6).replace("a", "b" * 10 ** 6)'),
  script('huge format width', 'f"{1:>{10 ** 10}}"'),
  script('padding', '"x".ljust(10 ** 10)'),
  script('padding with zeros', '"1".zfill(10 ** 10)'),
  script('many sets', 'x = []\nwhile True:\n    x.append(set(range(1000)))'),
  script('nested lists without end', 'x = []\nwhile True:\n    x = [x]'),
  script('a million texts as result', '[str(i) * 10 for i in range(1_000_000)]'),
  script('closures without end', 'fs = []\nwhile True:\n    fs.append(lambda v=len(fs): v)'),
  script(
    'exceptions kept',
    'es = []\nwhile True:\n    try:\n        1 / 0\n    except ZeroDivisionError as e:\n        es.append(e)',
  ),
  // Depth.
  script('recursion', 'def f(n):\n    return f(n + 1)\nf(0)'),
  script('two that recur', 'def a():\n    return b()\ndef b():\n    return a()\na()'),
  script('deep list compared', 'a = []\nb = []\nfor _ in range(100_000):\n    a = [a]\n    b = [b]\na == b', ANYTHING),
  script('deep list shown', 'a = []\nfor _ in range(100_000):\n    a = [a]\nrepr(a)', ANYTHING),
  script('deep list as result', 'a = []\nfor _ in range(100_000):\n    a = [a]\na', ANYTHING),
  script('list that holds itself', 'a = []\na.append(a)\na', ANYTHING),
  script('dict that holds itself', 'd = {}\nd["d"] = d\nd', ANYTHING),
  script('deep brackets in the source', `${'('.repeat(20_000)}1${')'.repeat(20_000)}`),
  script('long sum in the source', Array.from({ length: 30_000 }, () => '1').join('+')),
  script('many nots', `${'not '.repeat(15_000)}True`, ANYTHING),
  script('deep JSON', 'import json\njson.loads("[" * 100_000 + "]" * 100_000)'),
  script('deep arguments', 'a = []\nfor _ in range(5_000):\n    a = [a]\nawait desk.work(a=a)', ANYTHING),
  // Floods.
  script('print flood', 'while True:\n    print("x" * 1000)'),
  script('print without line ends', 'while True:\n    print("x", end="")'),
  script('call flood', 'while True:\n    await desk.work()'),
  script(
    'call flood that catches',
    'while True:\n    try:\n        await desk.work()\n    except Exception:\n        pass',
  ),
  script('gather flood', 'import asyncio\nawait asyncio.gather(*[desk.work(n=i) for i in range(200_000)])'),
  script('names without end', 'i = 0\nwhile True:\n    try:\n        nowhere\n    except NameError:\n        i += 1'),
  script('huge argument', 'await desk.work(a="x" * 10_000_000)'),
  script('many arguments', 'await desk.work(**{f"a{i}": i for i in range(200_000)})', ANYTHING),
  script('huge exception', 'raise ValueError("x" * 5_000_000)'),
  // The host.
  script('shell', 'import os\nos.system("id")'),
  script('environment', 'import os\nos.environ["PATH"]'),
  script('getenv', 'import os\nos.getenv("PATH")', /^null$/),
  script('password file', 'open("/etc/passwd").read()'),
  script('write a file', 'open("/tmp/portcullis-escape", "w").write("x")'),
  script('path', 'from pathlib import Path\nPath("/etc/passwd").read_text()'),
  script('list of the root', 'from pathlib import Path\nlist(Path("/").iterdir())'),
  script('process table', 'open("/proc/self/environ").read()'),
  script('socket', 'import socket\nsocket.create_connection(("127.0.0.1", 8484))'),
  script('subprocess', 'import subprocess\nsubprocess.run(["id"])'),
  script('foreign functions', 'import ctypes\nctypes.CDLL(None)'),
  script('import by name', '__import__("os").system("id")'),
  script('eval', 'eval("1 + 1")'),
  script('exec', 'exec("x = 1")'),
  script('classes of everything', '().__class__.__mro__[1].__subclasses__()'),
  script('globals of a function', 'def f():\n    pass\nf.__globals__["__builtins__"]'),
  script(
    'frames of an exception',
    'try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    f = e.__traceback__.tb_frame\nf.f_back',
  ),
  script('attributes of the host object', 'desk.__class__.__init__.__globals__'),
  script('dictionary of the host object', 'desk.__dict__', ANYTHING),
  script('overwrite the host object', 'desk.work = lambda: 1\nawait desk.work()', ANYTHING),
  script('exit', 'import sys\nsys.exit(3)'),
  script('raise SystemExit', 'raise SystemExit(3)'),
  script('raise KeyboardInterrupt', 'raise KeyboardInterrupt()'),
  // Text.
  script('lone surrogates', '"\\ud800" + "x"', ANYTHING),
  script('zero bytes', 'await desk.work(a="\\x00" * 1000)', /^"x"$/),
  script('hash flood', '{i * (2 ** 61 - 1): i for i in range(200_000)}', ANYTHING),
];
