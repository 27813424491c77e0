/** What is evaluated in an interpreter before a script: the side of the bridge that stands in the script's own world. Nothing of it is trusted. */

/**
 * A function `(host, maxValue, maxSent, maxState, maxAnswer)` that gives `{begin, deliver, state}`. `host` takes texts alone: `call`, id, namespace,
 * method, positional and named arguments; or `print` and a text as JSON. It keeps what it uses of the globals, so that a script that
 * changes those breaks itself only.
 */
export const PRELUDE = String.raw`(host, maxValue, maxSent, maxState, maxAnswer) => {
  'use strict';
  const { parse, stringify } = JSON;
  const { create, defineProperty, freeze, getOwnPropertyNames, getPrototypeOf, keys, setPrototypeOf } = Object;
  const { apply, get: read, has } = Reflect;
  const { isArray } = Array;
  const plainPrototype = Object.prototype;
  const [Plain, Failure, Wrong, Outside, Unknown, Later, Text] = [Object, Error, TypeError, RangeError, ReferenceError, Promise, String];
  const then = Promise.prototype.then;
  const [Mapping, Listing, Remembered] = [Map, Set, WeakMap];
  const { isFinite } = Number;
  const { slice } = String.prototype;
  const cut = (text, from, to) => apply(slice, text, [from, to]);
  const own = (object, key, value) => defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });

  /* As near as JSON comes. */
  function near(key, value) {
    switch (typeof value) {
      case 'bigint': return Text(value);
      case 'function': return '[function ' + (value.name || 'without a name') + ']';
      case 'symbol': return Text(value);
      case 'object':
        if (value === null) return null;
        if (value instanceof Failure) return Text(value.name) + ': ' + Text(value.message);
        if (value instanceof Mapping) { const made = {}; for (const [k, v] of value) own(made, Text(k), v); return made; }
        if (value instanceof Listing) return [...value];
        if (value instanceof Later) return '[a promise that was not awaited]';
        return value;
      default: return value;
    }
  }
  /* Throws at what would come back as something else. */
  function exactly(key, value) {
    const given = this[key];
    switch (typeof given) {
      case 'string': case 'boolean': return given;
      case 'number': if (isFinite(given)) return given; break;
      case 'undefined': if (!isArray(this)) return given; break;
      case 'object': {
        if (given === null || isArray(given)) return given;
        const prototype = getPrototypeOf(given);
        if (prototype === plainPrototype || prototype === null) { if (value === given) return given; }
      }
    }
    throw new Wrong('no JSON');
  }

  const open = create(null);
  const rejected = [];
  let last = 0, waiting = 0, sent = 0;
  let scope = [], ended, builtIn, hosted = create(null);

  /* A call that nobody awaited has none of the members of what it will give, and says so. */
  const { get: findIn, set: putIn } = WeakMap.prototype;
  const entries = new Remembered();
  const guarded = (path) => new Proxy(create(Later.prototype), {
    get(target, key, receiver) {
      if (!has(target, key)) throw new Wrong(path + '() was not awaited: it is a promise and has no ' + Text(key) + '; write await before the call');
      const entry = apply(findIn, entries, [receiver]);
      if (entry !== undefined) entry.isTaken = true;
      return read(target, key, receiver);
    },
  });

  const raised = (exception, message) => {
    const Kind = { __proto__: null, TypeError: Wrong, AttributeError: Wrong, ValueError: Outside, MemoryError: Outside, NameError: Unknown }[exception] ?? Failure;
    const error = new Kind(message);
    if (exception === 'PermissionError' || exception === 'TimeoutError') defineProperty(error, 'name', { value: exception, writable: true, configurable: true });
    return error;
  };

  const send = (namespace, method, args, isQuiet) => {
    let positional, named = '{}';
    if (args.length === 1 && args[0] === undefined) args = [];
    positional = stringify(setPrototypeOf(args, null), near);
    if (args.length === 1 && typeof args[0] === 'object' && positional[1] === '{') named = cut(positional, 1, -1);
    if (positional.length > maxAnswer) throw new Outside('the arguments are larger than ' + maxAnswer + ' bytes');
    if (sent + positional.length > maxSent) throw new Outside('the arguments of calls made at once are larger than ' + maxSent + ' bytes; await some of them first');
    sent += positional.length;
    const id = ++last;
    const entry = { resolve: undefined, reject: undefined, at: new Failure().stack, isQuiet, isTaken: isQuiet, error: undefined };
    const promise = new Later((resolve, reject) => { entry.resolve = resolve; entry.reject = reject; });
    open[id] = entry;
    if (!isQuiet) waiting++;
    apply(putIn, entries, [promise, entry]);
    host('call', Text(id), stringify(namespace), stringify(method), positional, named);
    return promise;
  };

  const method = (namespace, name) => {
    const path = namespace === '' ? name : namespace + '.' + name;
    const prototype = guarded(path);
    return (...args) => {
      let promise;
      try { promise = send(namespace, name, args, false); } catch (error) { promise = new Later((resolve, reject) => reject(error)); }
      return setPrototypeOf(promise, prototype);
    };
  };
  const NONE = { __proto__: null, then: true, toJSON: true, toString: true, valueOf: true };
  const namespaceOf = (name) => {
    const methods = create(null);
    return new Proxy(freeze(create(null)), {
      get: (target, key) => typeof key !== 'string' || NONE[key] ? undefined : (methods[key] ??= method(name, key)),
      set() { throw new Wrong(name + ' stands for a server and cannot be changed'); },
    });
  };

  const shown = (value) => {
    if (typeof value === 'string') return value;
    if (value === undefined) return 'undefined';
    try { return value instanceof Later ? '[a promise that was not awaited]' : stringify(value, near) ?? Text(value); } catch { return '[' + typeof value + ']'; }
  };
  const log = (...values) => {
    let line = '';
    for (let i = 0; i < values.length && line.length <= maxValue; i++) line += (i === 0 ? '' : ' ') + shown(values[i]);
    host('print', stringify(cut(line, 0, maxValue) + '\n'));
  };
  const hidden = (name, value) => defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });
  hidden('console', { log, info: log, debug: log, warn: log, error: log, table: log, dir: log, trace: log });
  let timers = 0;
  const timed = create(null);
  hidden('setTimeout', (work, ms, ...args) => {
    const timer = ++timers;
    timed[timer] = true;
    apply(then, send('', 'setTimeout', [Number(ms) || 0], true), [() => { if (timed[timer]) { delete timed[timer]; work(...args); } }]);
    return timer;
  });
  hidden('clearTimeout', (timer) => { delete timed[timer]; });
  hidden('queueMicrotask', (work) => { apply(then, Later.resolve(), [() => { work(); }]); });
  hidden('structuredClone', (value) => parse(stringify(value)));
  builtIn = create(null);
  for (const name of getOwnPropertyNames(globalThis)) builtIn[name] = true;

  const wordsOf = (error) => {
    const words = { __proto__: null, exception: 'Error', message: '', stack: '' };
    try {
      if (error instanceof Failure) {
        words.exception = cut(Text(error.name), 0, 100);
        words.message = cut(Text(error.message), 0, 4000);
        words.stack = cut(Text(error.stack), 0, 4000);
      } else words.message = error === null ? 'null was thrown, as happens where memory runs out' : cut(shown(error), 0, 4000);
    } catch { words.message = 'an error that cannot be shown'; }
    return words;
  };

  /* What of the variables JSON has words for, and the names of the rest. */
  const variables = () => {
    let kept = '', dropped = '';
    const found = create(null);
    let size = 0;
    for (const name of keys(globalThis)) if (!builtIn[name] && !hosted[name]) found[name] = () => globalThis[name];
    for (const [name, value] of scope) if (!builtIn[name] && !hosted[name] && name !== '__proto__') found[name] = value;
    for (const name of keys(found)) {
      let value;
      try { value = found[name](); } catch { continue; }
      if (value === undefined) continue;
      let text;
      try { text = stringify({ __proto__: null, value }, exactly); } catch { dropped += (dropped === '' ? '' : ',') + stringify(name); continue; }
      size += name.length + text.length;
      if (size > maxState) return { __proto__: null, isTooLarge: true };
      kept += (kept === '' ? '' : ',') + stringify(name) + ':' + cut(text, 9, -1);
    }
    return { __proto__: null, variables: '{' + kept + '}', dropped: '[' + dropped + ']' };
  };

  return {
    begin(script, saved, namespaces, functions) {
      const before = parse(saved);
      for (const name of keys(before)) own(globalThis, name, before[name]);
      for (const name of parse(namespaces)) { hosted[name] = true; hidden(name, namespaceOf(name)); }
      for (const name of parse(functions)) { hosted[name] = true; hidden(name, method('', name)); }
      const running = script((getters) => { scope = getters; });
      apply(then, running, [(value) => { ended = { value }; }, (error) => { ended = { error }; }]);
    },
    deliver(id, isValue, first, message) {
      sent = 0;
      const entry = open[id];
      delete open[id];
      if (!entry.isQuiet) waiting--;
      if (isValue) return entry.resolve(parse(first));
      const error = raised(first, message);
      defineProperty(error, 'stack', { value: entry.at, writable: true, configurable: true });
      entry.error = error;
      rejected[rejected.length] = entry;
      entry.reject(error);
    },
    state() {
      if (ended === undefined || (waiting > 0 && !('error' in ended))) return stringify({ __proto__: null, type: 'waits' });
      if ('error' in ended) return stringify({ __proto__: null, type: 'failed', error: wordsOf(ended.error), state: variables() });
      /* What nobody ever looked at went wrong all the same. */
      for (const { isTaken, error } of rejected) if (!isTaken) return stringify({ __proto__: null, type: 'failed', error: wordsOf(error), state: variables() });
      let value;
      try { value = stringify(ended.value, near) ?? 'null'; } catch (error) { return stringify({ __proto__: null, type: 'failed', error: wordsOf(error), state: variables() }); }
      if (value.length > maxValue) return stringify({ __proto__: null, type: 'limit', limit: 'maxValueBytes' });
      return stringify({ __proto__: null, type: 'done', value, state: variables() });
    },
  };
}`;
