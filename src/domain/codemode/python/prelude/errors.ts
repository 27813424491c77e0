/** Exceptions and classes of a script's own, made out of what the engine has. */

import { MISSING_ERRORS } from '../rewrite-errors.ts';
import type { Piece } from './piece.ts';

/** Stands in a carrier's message before its number and the name of the class that it carries. */
export const MARK = '\u0001';

const P = '_portcullis_';
const [FIRST_MISSING] = MISSING_ERRORS.keys();

export const ERRORS: readonly Piece[] = [
  {
    defines: [`${P}bases`],
    code: `
try:
    _portcullis_bases
except NameError:
    _portcullis_bases = {}
def _portcullis_is_subclass(kind, of):
    if kind is of:
        return True
    if kind in _portcullis_bases:
        return any([_portcullis_is_subclass(base, of) for base in _portcullis_bases[kind]])
    if of in _portcullis_bases:
        return False
    try:
        return isinstance(kind("x"), of)
    except Exception:
        return False
def _portcullis_isinstance(value, kinds):
    if isinstance(kinds, tuple):
        return any([_portcullis_isinstance(value, kind) for kind in kinds])
    if type(value) in _portcullis_bases:
        return _portcullis_is_subclass(type(value), kinds)
    if kinds in _portcullis_bases:
        return False
    return isinstance(value, kinds)
def _portcullis_inherit(kind, bases, members):
    _portcullis_bases[kind] = bases
    for name, base in members:
        if hasattr(base, name):
            setattr(kind, name, getattr(base, name))
    return kind
`,
  },
  {
    defines: [`${P}raised`, ...MISSING_ERRORS.keys()],
    needs: [`${P}bases`, `${P}got`],
    code: `
_portcullis_carried = {}
_portcullis_current = [None]
def _portcullis_init_error(self, *args):
    self.args = args
def _portcullis_error_text(self):
    args = self.args if hasattr(self, "args") else ()
    return "" if len(args) == 0 else str(args[0]) if len(args) == 1 else str(args)
def _portcullis_error(kind, name, bases, members, has_init, has_text):
    _portcullis_inherit(kind, bases, members)
    if not has_init:
        kind.__init__ = _portcullis_init_error
    if not has_text:
        kind.__str__ = _portcullis_error_text
    kind.__repr__ = lambda self: name + "(" + ", ".join([repr(each) for each in (self.args if hasattr(self, "args") else ())]) + ")"
    kind._portcullis_name = name
    kind.with_traceback = lambda self, traceback: self
    return kind
def _portcullis_raised(error):
    if error in _portcullis_bases:
        error = error()
    if type(error) not in _portcullis_bases:
        return error
    _portcullis_current[0] = error
    number = str(len(_portcullis_carried))
    _portcullis_carried[number] = error
    return UnboundLocalError(str(error) + "${MARK}" + number + "${MARK}" + error._portcullis_name)
def _portcullis_of(error):
    if isinstance(error, UnboundLocalError):
        parts = str(error).split("${MARK}")
        if len(parts) == 3 and parts[1] in _portcullis_carried:
            return _portcullis_carried[parts[1]]
    return error
def _portcullis_kind(kinds):
    wanted = kinds if isinstance(kinds, tuple) else (kinds,)
    found = [kind for kind in wanted if kind not in _portcullis_bases]
    current = _portcullis_current[0]
    if current is not None and any([_portcullis_is_subclass(type(current), kind) for kind in wanted]):
        found.append(UnboundLocalError)
    return tuple(found)
try:
    ${FIRST_MISSING}
except NameError:
${[...MISSING_ERRORS]
  .map(
    ([name, base]) =>
      `    class ${name}:\n        pass\n    _portcullis_error(${name}, "${name}", [${base}], [], False, False)`,
  )
  .join('\n')}
`,
  },
  {
    defines: [`${P}isinstance`, `${P}inherit`],
    needs: [`${P}bases`],
    code: '',
  },
  {
    defines: [`${P}get`],
    code: `
def _portcullis_get(of, name):
    if hasattr(of, "_portcullis_property_" + name) and type(of) is not type(int):
        return getattr(of, "_portcullis_property_" + name)()
    kind = of if type(of) is type(int) else type(of)
    if hasattr(kind, "_portcullis_static_" + name):
        return getattr(kind, "_portcullis_static_" + name)
    if hasattr(kind, "_portcullis_class_" + name):
        method = getattr(kind, "_portcullis_class_" + name)
        return lambda *args, **named: method(kind, *args, **named)
    return getattr(of, name)
`,
  },
  {
    defines: [`${P}dataclass`, `${P}field`, `${P}asdict`, `${P}astuple`, `${P}replace`],
    code: `
class _portcullis_Field:
    def __init__(self, default, factory):
        self.default = default
        self.factory = factory
_portcullis_missing = _portcullis_Field(None, None)
def _portcullis_field(default=_portcullis_missing, default_factory=None, **more):
    return _portcullis_Field(default, default_factory)
def _portcullis_dataclass(names, bases):
    def make(kind):
        defaults = {name: getattr(of, name) for of in bases + [kind] for name in names if hasattr(of, name)}
        def init(self, *args, **named):
            if len(args) > len(names):
                raise TypeError("__init__() takes " + str(len(names) + 1) + " positional arguments but " + str(len(args) + 1) + " were given")
            for name in named:
                if name not in names:
                    raise TypeError("__init__() got an unexpected keyword argument '" + name + "'")
            for index, name in enumerate(names):
                if index < len(args):
                    setattr(self, name, args[index])
                elif name in named:
                    setattr(self, name, named[name])
                elif name not in defaults:
                    raise TypeError("__init__() missing 1 required positional argument: '" + name + "'")
                else:
                    default = defaults[name]
                    if isinstance(default, _portcullis_Field):
                        default = default.factory() if default.factory is not None else default.default
                    setattr(self, name, default)
            if hasattr(self, "__post_init__"):
                self.__post_init__()
        kind.__init__ = init
        kind._portcullis_fields = names
        if not hasattr(kind, "__repr__"):
            kind.__repr__ = lambda self: type(self).__name__ + "(" + ", ".join([name + "=" + repr(getattr(self, name)) for name in names]) + ")"
        if not hasattr(kind, "__eq__"):
            kind.__eq__ = lambda self, other: type(other) is type(self) and all([getattr(self, name) == getattr(other, name) for name in names])
        return kind
    return make
def _portcullis_asdict(value):
    if hasattr(value, "_portcullis_fields"):
        return {name: _portcullis_asdict(getattr(value, name)) for name in value._portcullis_fields}
    if isinstance(value, dict):
        return {key: _portcullis_asdict(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_portcullis_asdict(each) for each in value]
    if isinstance(value, tuple):
        return tuple([_portcullis_asdict(each) for each in value])
    return value
def _portcullis_astuple(value):
    return tuple([getattr(value, name) for name in value._portcullis_fields])
def _portcullis_replace(value, **changes):
    return type(value)(**{name: changes[name] if name in changes else getattr(value, name) for name in value._portcullis_fields})
`,
  },
  {
    defines: [`${P}named_tuple`],
    code: `
from collections import namedtuple as _portcullis_namedtuple
def _portcullis_named_tuple(kind, title, names):
    base = _portcullis_namedtuple(title, names)
    defaults = {name: getattr(kind, name) for name in names if hasattr(kind, name)}
    def make(*args, **named):
        given = {**defaults, **dict(zip(names, args)), **named}
        for name in names:
            if name not in given:
                raise TypeError(title + "() missing 1 required argument: '" + name + "'")
        return base(*[given[name] for name in names])
    return make
`,
  },
  {
    defines: [`${P}enum`, `${P}enum_of`, `${P}enum_named`],
    code: `
class _portcullis_Auto:
    pass
def auto():
    return _portcullis_Auto()
def _portcullis_enum(kind, title, names, is_mixed):
    members = []
    count = 0
    for name in names:
        value = getattr(kind, name)
        count += 1
        if isinstance(value, _portcullis_Auto):
            value = count
        same = [member for member in members if member.value == value]
        if len(same) > 0:
            setattr(kind, name, same[0])
            continue
        member = kind()
        member.name = name
        member.value = value
        members.append(member)
    for member in members:
        setattr(kind, member.name, member)
    kind._portcullis_members = members
    kind.__name = title
    kind.__str__ = lambda self: title + "." + self.name
    kind.__repr__ = lambda self: "<" + title + "." + self.name + ": " + repr(self.value) + ">"
    if is_mixed:
        kind.__eq__ = lambda self, other: self is other or self.value == other
    return kind
def _portcullis_enum_of(kind, value):
    for member in kind._portcullis_members:
        if member is value or member.value == value:
            return member
    raise ValueError(repr(value) + " is not a valid " + kind.__name__)
def _portcullis_enum_named(kind):
    return {member.name: member for member in kind._portcullis_members}
`,
  },
];
