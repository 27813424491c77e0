"""Runs one script in CPython, its tools answered by whoever started it: a line of JSON out for each call, one in for its answer."""
import ast
import asyncio
import contextlib
import io
import json
import sys

script, namespaces = sys.argv[1], sys.argv[2].split(",")
out = sys.stdout


class Tool:
    def __init__(self, name):
        self.name = name

    async def __call__(self, **arguments):
        out.write(json.dumps({"tool": self.name, "arguments": arguments}) + "\n")
        out.flush()
        answer = json.loads(sys.stdin.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["value"]


class Server:
    def __init__(self, name):
        self._name = name

    def __getattr__(self, method):
        return Tool(f"{self._name}.{method}")


def run(source):
    scope = {"__name__": "__main__", **{name: Server(name) for name in namespaces}}
    tree = ast.parse(source)
    if any(isinstance(node, ast.Return) for node in tree.body):
        whole = ast.parse("async def _script():\n    pass")
        whole.body[0].body = tree.body
        exec(compile(ast.fix_missing_locations(whole), script, "exec"), scope)
        return asyncio.run(scope["_script"]())
    last = tree.body[-1]
    if isinstance(last, ast.Expr):
        tree.body[-1] = ast.Assign([ast.Name("_value", ast.Store())], last.value)
    code = compile(ast.fix_missing_locations(tree), script, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    coroutine = eval(code, scope)
    if asyncio.iscoroutine(coroutine):
        asyncio.run(coroutine)
    return scope.get("_value")


printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    value = run(open(script).read())
out.write(json.dumps({"gives": value, "printed": printed.getvalue()}, default=list) + "\n")
