/** A CPU profile of V8, folded: how long each function took itself, and a tree of calls with the functions named as in the sources. */

/** Lines and columns from 0, as V8 counts. */
export interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    readonly children?: readonly number[];
  }[];
  /** Microseconds of the machine's monotonic clock. */
  readonly startTime: number;
  readonly samples: readonly number[];
  /** Microseconds from the sample before, the first from the start. */
  readonly timeDeltas: readonly number[];
}

/** Microseconds of the same clock. */
export interface Window {
  readonly fromUs: number;
  readonly toUs: number;
}

/** A function, or what stands for one. */
export interface Place {
  readonly name: string;
  /** `src/room/file.ts:12`, `undici/lib/x.js:3`, `node:net:40`; empty where there is no file. */
  readonly where: string;
  readonly kind: string;
}

export interface Frame {
  readonly place: Place;
  /** Microseconds in the function itself, and with all it calls. */
  readonly selfUs: number;
  readonly totalUs: number;
  /** The longest first. */
  readonly children: readonly Frame[];
}

const IDLE = new Set(['(idle)', '(root)']);

/** Microseconds by node within the window. A sample counts for the time until the next one. */
function selfTimes({ startTime, samples, timeDeltas }: CpuProfile, { fromUs, toUs }: Window): Map<number, number> {
  const found = new Map<number, number>();
  let atUs = startTime;
  samples.forEach((id, i) => {
    atUs += timeDeltas[i] ?? 0;
    const untilUs = atUs + (timeDeltas[i + 1] ?? 0);
    const insideUs = Math.min(untilUs, toUs) - Math.max(atUs, fromUs);
    if (insideUs > 0) found.set(id, (found.get(id) ?? 0) + insideUs);
  });
  return found;
}

interface Open {
  readonly place: Place;
  selfUs: number;
  readonly children: Map<string, Open>;
}

const keyOf = ({ name, where }: Place): string => `${name} ${where}`;

function close({ place, selfUs, children }: Open): Frame {
  const closed = [...children.values()].map(close).filter(({ totalUs }) => totalUs > 0);
  closed.sort((a, b) => b.totalUs - a.totalUs);
  return { place, selfUs, totalUs: closed.reduce((sum, { totalUs }) => sum + totalUs, selfUs), children: closed };
}

/**
 * What ran in the window, idle time left out. Nodes of one place under one caller become one frame: V8 tells apart what
 * was compiled anew.
 */
export function foldProfile(profile: CpuProfile, window: Window, locate: (frame: CallFrame) => Place): Frame {
  const times = selfTimes(profile, window);
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const root: Open = { place: { name: 'all', where: '', kind: '' }, selfUs: 0, children: new Map() };
  const first = profile.nodes[0];
  const pending = (first?.children ?? []).map((id) => ({ id, into: root }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const node = nodes.get(next.id);
    if (node === undefined || IDLE.has(node.callFrame.functionName)) continue;
    const place = locate(node.callFrame);
    const key = keyOf(place);
    const open = next.into.children.get(key) ?? { place, selfUs: 0, children: new Map() };
    open.selfUs += times.get(node.id) ?? 0;
    next.into.children.set(key, open);
    for (const id of node.children ?? []) pending.push({ id, into: open });
  }
  return close(root);
}

interface Sum {
  readonly place: Place;
  selfUs: number;
  /** Microseconds by the nearest function of ours above, where it is not ours itself. */
  readonly onBehalfUs: Map<Place, number>;
}

const isOurs = ({ where }: Place): boolean => where.startsWith('src/');

function sum(root: Frame, keyOfFrame: (frame: Frame) => string): Sum[] {
  const found = new Map<string, Sum>();
  const owners = new Map<string, Place>();
  const visit = (frame: Frame, above: Place | undefined): void => {
    const { place, selfUs, children } = frame;
    const entry = found.get(keyOfFrame(frame)) ?? { place, selfUs: 0, onBehalfUs: new Map() };
    entry.selfUs += selfUs;
    if (above !== undefined && !isOurs(place)) {
      const owner = owners.get(keyOf(above)) ?? above;
      owners.set(keyOf(above), owner);
      entry.onBehalfUs.set(owner, (entry.onBehalfUs.get(owner) ?? 0) + selfUs);
    }
    found.set(keyOfFrame(frame), entry);
    for (const child of children) visit(child, isOurs(place) ? place : above);
  };
  for (const child of root.children) visit(child, undefined);
  return [...found.values()].filter(({ selfUs }) => selfUs > 0).sort((a, b) => b.selfUs - a.selfUs);
}

export interface Cost {
  readonly place: Place;
  /** Of the CPU time that was not idle. */
  readonly share: number;
  /** The function of ours on whose behalf most of it was; undefined for our own functions and where there is none. */
  readonly owner: Place | undefined;
}

/** The functions with the most time of their own, whoever called them. */
export function topFunctions(root: Frame, count: number): Cost[] {
  return sum(root, ({ place }) => keyOf(place))
    .slice(0, count)
    .map(({ place, selfUs, onBehalfUs }) => {
      const [owner] = [...onBehalfUs].sort((a, b) => b[1] - a[1])[0] ?? [];
      return { place, share: selfUs / root.totalUs, owner };
    });
}

/** Shares of the kinds of code, the largest first. */
export function sharesByKind(root: Frame): { readonly kind: string; readonly share: number }[] {
  return sum(root, ({ place }) => place.kind).map(({ place, selfUs }) => ({
    ...{ kind: place.kind, share: selfUs / root.totalUs },
  }));
}
