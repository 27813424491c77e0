/** Modules about texts: string, textwrap, csv, io, html, pprint, and those that only write to somebody. */

import type { Piece } from './piece.ts';

const P = '_portcullis_';

export const TEXTS: readonly Piece[] = [
  {
    defines: [`${P}string`],
    needs: [`${P}Module`],
    code: `
import re as _portcullis_re
class _portcullis_Template:
    def __init__(self, template):
        self.template = template
    def _fill(self, given, is_safe):
        made = []
        last = 0
        for found in _portcullis_re.finditer(r"\\$(?:(\\$)|([A-Za-z_]\\w*)|\\{([A-Za-z_]\\w*)\\})", self.template):
            name = found.group(2) or found.group(3)
            made.append(self.template[last:found.start()])
            last = found.end()
            if found.group(1):
                made.append("$")
            elif name in given:
                made.append(str(given[name]))
            elif is_safe:
                made.append(found.group(0))
            else:
                raise KeyError(name)
        made.append(self.template[last:])
        return "".join(made)
    def substitute(self, mapping=None, **named):
        return self._fill({**(mapping or {}), **named}, False)
    def safe_substitute(self, mapping=None, **named):
        return self._fill({**(mapping or {}), **named}, True)
_portcullis_string = _portcullis_Module()
_portcullis_string.Template = _portcullis_Template
_portcullis_string.ascii_lowercase = "abcdefghijklmnopqrstuvwxyz"
_portcullis_string.ascii_uppercase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_portcullis_string.ascii_letters = _portcullis_string.ascii_lowercase + _portcullis_string.ascii_uppercase
_portcullis_string.digits = "0123456789"
_portcullis_string.hexdigits = "0123456789abcdefABCDEF"
_portcullis_string.punctuation = "!\\"#$%&'()*+,-./:;<=>?@[\\\\]^_\`{|}~"
_portcullis_string.whitespace = " \\t\\n\\r\\x0b\\x0c"
_portcullis_string.capwords = lambda text: " ".join([word.capitalize() for word in text.split()])
`,
  },
  {
    defines: [`${P}textwrap`],
    needs: [`${P}Module`],
    code: `
def _portcullis_dedent(text):
    lines = text.split("\\n")
    least = None
    for line in lines:
        if line.strip() != "":
            indent = line[:len(line) - len(line.lstrip())]
            if least is None:
                least = indent
            while not indent.startswith(least):
                least = least[:-1]
    size = len(least or "")
    return "\\n".join([line[size:] if line.strip() != "" else "" for line in lines])
def _portcullis_wrap(text, width=70, initial_indent="", subsequent_indent=""):
    lines = []
    line = initial_indent
    is_empty = True
    for word in text.split():
        while len(word) > width - len(subsequent_indent) and is_empty:
            room = max(1, width - len(line))
            lines.append(line + word[:room])
            word = word[room:]
            line = subsequent_indent
        if word == "":
            continue
        if is_empty:
            line = line + word
        elif len(line) + 1 + len(word) <= width:
            line = line + " " + word
        else:
            lines.append(line)
            line = subsequent_indent + word
        is_empty = False
    return lines if is_empty else lines + [line]
def _portcullis_shorten(text, width, placeholder=" [...]"):
    words = text.split()
    if len(" ".join(words)) <= width:
        return " ".join(words)
    while len(words) > 0:
        words = words[:-1]
        made = (" ".join(words) + placeholder).strip()
        if len(made) <= width:
            return made
    return placeholder.strip()
_portcullis_textwrap = _portcullis_Module()
_portcullis_textwrap.dedent = _portcullis_dedent
_portcullis_textwrap.wrap = _portcullis_wrap
_portcullis_textwrap.fill = lambda text, width=70, **more: "\\n".join(_portcullis_wrap(text, width, **more))
_portcullis_textwrap.shorten = _portcullis_shorten
_portcullis_textwrap.indent = lambda text, prefix, predicate=None: "\\n".join([prefix + line if line.strip() != "" else line for line in text.split("\\n")])
`,
  },
  {
    defines: [`${P}io`, `${P}csv`],
    needs: [`${P}Module`],
    code: `
class _portcullis_StringIO:
    def __init__(self, text=""):
        self.text = text
        self.at = 0
    def write(self, text):
        self.text = self.text + text
        return len(text)
    def getvalue(self):
        return self.text
    def read(self):
        rest = self.text[self.at:]
        self.at = len(self.text)
        return rest
    def readline(self):
        found = self.text.find("\\n", self.at)
        start = self.at
        self.at = len(self.text) if found == -1 else found + 1
        return self.text[start:self.at]
    def readlines(self):
        return self.read().splitlines(True)
    def seek(self, at):
        self.at = at
    def close(self):
        return None
    def __enter__(self):
        return self
    def __exit__(self, kind, error, traceback):
        return False
    def __iter__(self):
        return iter(self.read().splitlines(True))
def _portcullis_csv_rows(text, delimiter, quote):
    rows = []
    row = []
    cell = []
    is_quoted = False
    is_used = False
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if is_quoted:
            if char != quote:
                cell.append(char)
            elif at < len(text) and text[at] == quote:
                cell.append(quote)
                at += 1
            else:
                is_quoted = False
        elif char == quote and len(cell) == 0:
            is_quoted = True
            is_used = True
        elif char == delimiter:
            row.append("".join(cell))
            cell = []
            is_used = True
        elif char == "\\n" or char == "\\r":
            if is_used or len(cell) > 0:
                row.append("".join(cell))
                rows.append(row)
            row = []
            cell = []
            is_used = False
        else:
            cell.append(char)
    if is_used or len(cell) > 0:
        rows.append(row + ["".join(cell)])
    return rows
def _portcullis_csv_reader(source, dialect=None, delimiter=",", quotechar='"', **more):
    lines = [line if line.endswith("\\n") else line + "\\n" for line in source]
    return iter(_portcullis_csv_rows("".join(lines), delimiter, quotechar))
class _portcullis_DictReader:
    def __init__(self, source, fieldnames=None, **more):
        self.rows = list(_portcullis_csv_reader(source, **more))
        self.fieldnames = fieldnames
        if fieldnames is None:
            self.fieldnames = self.rows[0] if len(self.rows) > 0 else []
            self.rows = self.rows[1:]
    def __iter__(self):
        return iter([{name: row[i] if i < len(row) else None for i, name in enumerate(self.fieldnames)} for row in self.rows])
class _portcullis_csv_writer:
    def __init__(self, target, dialect=None, delimiter=",", quotechar='"', lineterminator="\\r\\n", quoting=0, **more):
        self.target = target
        self.delimiter = delimiter
        self.quote = quotechar
        self.end = lineterminator
        self.quotes_all = quoting == 1
    def _cell(self, value):
        text = "" if value is None else str(value)
        if self.quotes_all or self.delimiter in text or self.quote in text or "\\n" in text or "\\r" in text:
            return self.quote + text.replace(self.quote, self.quote + self.quote) + self.quote
        return text
    def writerow(self, row):
        self.target.write(self.delimiter.join([self._cell(value) for value in row]) + self.end)
    def writerows(self, rows):
        for row in rows:
            self.writerow(row)
class _portcullis_DictWriter:
    def __init__(self, target, fieldnames, restval="", extrasaction="raise", **more):
        self.writer = _portcullis_csv_writer(target, **more)
        self.fieldnames = fieldnames
        self.rest = restval
        self.is_strict = extrasaction == "raise"
    def writeheader(self):
        self.writer.writerow(self.fieldnames)
    def writerow(self, row):
        extra = [name for name in row if name not in self.fieldnames]
        if self.is_strict and len(extra) > 0:
            raise ValueError("dict contains fields not in fieldnames: " + ", ".join([repr(name) for name in extra]))
        self.writer.writerow([row.get(name, self.rest) for name in self.fieldnames])
    def writerows(self, rows):
        for row in rows:
            self.writerow(row)
_portcullis_io = _portcullis_Module()
_portcullis_io.StringIO = _portcullis_StringIO
_portcullis_csv = _portcullis_Module()
_portcullis_csv.reader = _portcullis_csv_reader
_portcullis_csv.writer = _portcullis_csv_writer
_portcullis_csv.DictReader = _portcullis_DictReader
_portcullis_csv.DictWriter = _portcullis_DictWriter
_portcullis_csv.QUOTE_MINIMAL = 0
_portcullis_csv.QUOTE_ALL = 1
`,
  },
  {
    defines: [`${P}html`],
    needs: [`${P}Module`],
    code: `
_portcullis_html = _portcullis_Module()
_portcullis_html.escape = lambda text, quote=True: text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;" if quote else '"').replace("'", "&#x27;" if quote else "'")
_portcullis_html.unescape = lambda text: text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&#x27;", "'").replace("&#39;", "'").replace("&amp;", "&")
`,
  },
  {
    defines: [`${P}pprint`, `${P}logging`, `${P}traceback`],
    needs: [`${P}Module`],
    code: `
_portcullis_pprint = _portcullis_Module()
_portcullis_pprint.pprint = lambda value, **more: print(repr(value))
_portcullis_pprint.pp = _portcullis_pprint.pprint
_portcullis_pprint.pformat = lambda value, **more: repr(value)
class _portcullis_Logger:
    def _say(self, level, text, args):
        for value in args:
            text = text.replace("%s", str(value), 1) if "%s" in text else text.replace("%d", str(value), 1)
        print(level + ": " + str(text))
    def debug(self, text, *args, **more):
        return None
    def info(self, text, *args, **more):
        self._say("INFO", text, args)
    def warning(self, text, *args, **more):
        self._say("WARNING", text, args)
    def error(self, text, *args, **more):
        self._say("ERROR", text, args)
    def exception(self, text, *args, **more):
        self._say("ERROR", text, args)
    def critical(self, text, *args, **more):
        self._say("CRITICAL", text, args)
    def setLevel(self, level):
        return None
_portcullis_logging = _portcullis_Module()
_portcullis_root = _portcullis_Logger()
_portcullis_logging.getLogger = lambda name=None: _portcullis_root
_portcullis_logging.basicConfig = lambda **more: None
_portcullis_logging.info = _portcullis_root.info
_portcullis_logging.warning = _portcullis_root.warning
_portcullis_logging.error = _portcullis_root.error
_portcullis_logging.exception = _portcullis_root.exception
_portcullis_logging.debug = _portcullis_root.debug
_portcullis_logging.DEBUG = 10
_portcullis_logging.INFO = 20
_portcullis_logging.WARNING = 30
_portcullis_logging.ERROR = 40
_portcullis_traceback = _portcullis_Module()
_portcullis_traceback.format_exc = lambda *args: "(the traceback is not available here)"
_portcullis_traceback.print_exc = lambda *args: None
`,
  },
];
