/** Operators, built-in functions and statements that the engine lacks. */

import type { Piece } from './piece.ts';

const P = '_portcullis_';

export const VALUES: readonly Piece[] = [
  {
    defines: [`${P}del`, `${P}set_slice`],
    code: `
def _portcullis_del(of, key):
    if isinstance(of, dict) and key not in of:
        raise KeyError(key)
    if hasattr(of, "__delitem__"):
        of.__delitem__(key)
    else:
        of.pop(key)
def _portcullis_set_slice(of, start, stop, step, values):
    values = list(values)
    if step is not None and step != 1:
        indices = list(range(len(of)))[start:stop:step]
        if len(values) == 0:
            kept = [each for index, each in enumerate(of) if index not in indices]
        elif len(values) == len(indices):
            kept = list(of)
            for index, value in zip(indices, values):
                kept[index] = value
        else:
            raise ValueError("attempt to assign sequence of size " + str(len(values)) + " to extended slice of size " + str(len(indices)))
    else:
        indices = list(range(len(of)))[start:stop]
        first = 0 if start is None else max(0, len(of) + start) if start < 0 else min(start, len(of))
        kept = list(of)[:first] + values + list(of)[first + len(indices):]
    of.clear()
    of.extend(kept)
`,
  },
  {
    defines: [`${P}ior`, `${P}union`],
    code: `
def _portcullis_is_type(value):
    return value is None or type(value) is type(int)
def _portcullis_union(left, right):
    if isinstance(left, dict) and isinstance(right, dict):
        return {**left, **right}
    if _portcullis_is_type(left) or (isinstance(left, tuple) and _portcullis_is_type(right)):
        kinds = list(left) if isinstance(left, tuple) else [left]
        return tuple([type(None) if kind is None else kind for kind in kinds + [right]])
    return left | right
def _portcullis_ior(left, right):
    if isinstance(left, dict):
        left.update(right)
        return left
    left |= right
    return left
`,
  },
  {
    defines: [`${P}sum`],
    code: `
def _portcullis_sum(items, start=0):
    return sum([int(each) if each is True or each is False else each for each in items], start)
`,
  },
  {
    defines: [`${P}format`],
    code: `
import re as _portcullis_re
def _portcullis_format(text, values):
    if not isinstance(text, str):
        return text % values
    given = list(values) if isinstance(values, tuple) else [values]
    used = [0]
    def following():
        if used[0] >= len(given):
            raise TypeError("not enough arguments for format string")
        used[0] += 1
        return given[used[0] - 1]
    made = []
    last = 0
    for found in _portcullis_re.finditer(r"%(?:\\((\\w+)\\))?([-+ 0#]*)(\\*|\\d+)?(?:\\.(\\*|\\d+))?([diouxXeEfFgGcrsa%])", text):
        made.append(text[last:found.start()])
        last = found.end()
        key, flags, width, precision, kind = found.group(1), found.group(2), found.group(3), found.group(4), found.group(5)
        if kind == "%":
            made.append("%")
            continue
        width = str(following()) if width == "*" else width or ""
        precision = str(following()) if precision == "*" else precision
        value = values[key] if key is not None else following()
        align = "<" if "-" in flags else ">"
        sign = "+" if "+" in flags else " " if " " in flags else ""
        fill = "0" if "0" in flags and "-" not in flags else ""
        if kind in "sra":
            shown = str(value) if kind == "s" else repr(value)
            if precision is not None:
                shown = shown[:int(precision)]
            made.append(f"{shown:{align + width}}" if width else shown)
        elif kind == "c":
            made.append(value if isinstance(value, str) else chr(value))
        elif kind in "diu":
            if not isinstance(value, (int, float)):
                raise TypeError("%" + kind + " format: a real number is required, not " + type(value).__name__)
            shape = (sign + fill + width if fill else align + sign + width) + "d"
            made.append(f"{int(value):{shape}}")
        elif kind in "oxX":
            sign = sign + ("#" if "#" in flags else "")
            shape = (sign + fill + width if fill else align + sign + width) + kind
            made.append(f"{int(value):{shape}}")
        else:
            shape = (sign + fill + width if fill else align + sign + width) + "." + ("6" if precision is None else precision) + kind
            made.append(f"{float(value):{shape}}")
    made.append(text[last:])
    if used[0] < len(given) and not isinstance(values, dict):
        raise TypeError("not all arguments converted during string formatting")
    return "".join(made)
`,
  },
  {
    defines: [`${P}re_sub`],
    code: `
import re as _portcullis_re
def _portcullis_re_sub(pattern, by, text, count=0, flags=0):
    if isinstance(by, str):
        return pattern.sub(by, text, count) if not isinstance(pattern, str) else _portcullis_re.sub(pattern, by, text, count, flags)
    found = _portcullis_re.finditer(pattern, text, flags) if isinstance(pattern, str) else pattern.finditer(text)
    made = []
    last = 0
    for number, each in enumerate(found):
        if count > 0 and number >= count:
            break
        made.append(text[last:each.start()])
        made.append(str(by(each)))
        last = each.end()
    made.append(text[last:])
    return "".join(made)
`,
  },
  {
    defines: [`${P}dumps`],
    code: `
import json as _portcullis_json
def _portcullis_plain(value, default):
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, dict):
        return {key: _portcullis_plain(each, default) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_portcullis_plain(each, default) for each in value]
    return _portcullis_plain(default(value), default)
def _portcullis_dumps(value, default=str, **more):
    return _portcullis_json.dumps(_portcullis_plain(value, default), **more)
`,
  },
  {
    defines: [`${P}generator`, `${P}async_generator`],
    code: `
def _portcullis_generator(work):
    def run(*args, **named):
        yielded = []
        work(yielded, *args, **named)
        return iter(yielded)
    return run
def _portcullis_async_generator(work):
    async def run(*args, **named):
        yielded = []
        await work(yielded, *args, **named)
        return yielded
    return run
`,
  },
  {
    defines: [`${P}sequence`, `${P}rest`],
    code: `
def _portcullis_sequence(value, least, exact):
    if not isinstance(value, (list, tuple)):
        return False
    return len(value) == least if exact else len(value) >= least
def _portcullis_rest(value, keys):
    return {key: each for key, each in value.items() if key not in keys}
`,
  },
  {
    defines: ['callable'],
    code: `
def callable(value):
    return str(type(value)) in ("<class 'function'>", "<class 'builtin_function_or_method'>", "<class 'type'>", "<class 'method'>") or hasattr(value, "__call__")
`,
  },
  {
    defines: ['format'],
    code: `
def format(value, spec=""):
    return f"{value:{spec}}"
`,
  },
  {
    defines: ['issubclass'],
    needs: [`${P}bases`],
    code: `
def issubclass(kind, kinds):
    return any([_portcullis_is_subclass(kind, each) for each in (kinds if isinstance(kinds, tuple) else (kinds,))])
`,
  },
  {
    defines: ['exit', 'quit', `${P}exit`, `${P}stderr`, `${P}stdout`, `${P}argv`],
    code: `
_portcullis_stderr = None
_portcullis_stdout = None
_portcullis_argv = [""]
def _portcullis_exit(code=None):
    raise SystemExit("" if code is None else str(code))
exit = _portcullis_exit
quit = _portcullis_exit
`,
  },
  {
    defines: [`${P}fromtimestamp`, `${P}utcfromtimestamp`, `${P}utcnow`, `${P}isocalendar`, `${P}astimezone`],
    code: `
from datetime import date as _portcullis_date, datetime as _portcullis_datetime, timedelta as _portcullis_timedelta, timezone as _portcullis_timezone
def _portcullis_utcfromtimestamp(seconds):
    return _portcullis_datetime(1970, 1, 1) + _portcullis_timedelta(seconds=int(seconds // 1), microseconds=round(seconds % 1 * 1000000))
def _portcullis_fromtimestamp(seconds, tz=None):
    at = _portcullis_utcfromtimestamp(seconds)
    if tz is None:
        return at
    told = str(tz)
    if len(told) > 4:
        hours, minutes = told[4:].split(":")[:2]
        minutes = int(hours) * 60 + int(minutes)
        at = at + _portcullis_timedelta(minutes=-minutes if told[3] == "-" else minutes)
    return at.replace(tzinfo=tz)
def _portcullis_astimezone(at, tz=_portcullis_timezone.utc):
    return _portcullis_fromtimestamp(at.timestamp(), tz)
def _portcullis_utcnow():
    return _portcullis_datetime.now(_portcullis_timezone.utc).replace(tzinfo=None)
def _portcullis_isocalendar(day):
    own = _portcullis_date(day.year, day.month, day.day)
    thursday = own + _portcullis_timedelta(days=3 - own.weekday())
    first = _portcullis_date(thursday.year, 1, 1)
    return (thursday.year, (thursday - first).days // 7 + 1, own.weekday() + 1)
`,
  },
  {
    defines: [`${P}duration`],
    code: `
from datetime import timedelta as _portcullis_timedelta
def _portcullis_duration(days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0):
    total = ((weeks * 7 + days) * 24 + hours) * 3600 + minutes * 60 + seconds + milliseconds / 1000
    return _portcullis_timedelta(seconds=int(total // 1), microseconds=round(total % 1 * 1000000 + microseconds))
`,
  },
  {
    defines: [`${P}UTC`],
    code: `
from datetime import timezone as _portcullis_timezone
_portcullis_UTC = _portcullis_timezone.utc
`,
  },
];
