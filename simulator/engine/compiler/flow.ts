/**
 * Control flow of a region in the form that WebAssembly has: nested blocks and loops. Nodes are numbers; node 0 is the
 * dispatch, which goes to each entry and to which indirect branches come back. After Norman Ramsey, "Beyond Relooper:
 * recursive translation of unstructured control flow to structured control flow" (ICFP 2022). A loop that is entered at
 * several places has one of them as its head, and copies of what the others lead to before they come to it; where that
 * were too much, edges that make the graph irreducible go through the dispatch.
 */

export interface Flow {
  /** By node: the node that it is a copy of, or itself. */
  readonly origin: readonly number[];
  /** The node, or the copy of it, that an edge of the graph leads to. */
  successor(from: number, original: number): number | undefined;
  /** Number in reverse postorder, -1 for what cannot be reached. */
  readonly order: readonly number[];
  /** Children in the dominator tree. */
  readonly children: readonly (readonly number[])[];
  /** Targets of back edges. */
  readonly isLoop: readonly boolean[];
  /** Nodes that more than one forward edge goes to, and entries. */
  readonly isMerge: readonly boolean[];
  /** Entries, those added for irreducible edges included. */
  readonly entries: ReadonlySet<number>;
  /** Whether an edge has to go through the dispatch. */
  viaDispatch(from: number, to: number): boolean;
  /** By node: instructions on the longest way that takes no back edge and no dispatch. */
  readonly longest: readonly number[];
}

/** `successors[0]` is ignored: the dispatch goes to the entries. */
export function structure(
  successors: readonly (readonly number[])[],
  entrySet: Iterable<number>,
  nodeSizes: readonly number[],
): Flow {
  const graph = separateLoops(successors, entrySet, nodeSizes);
  const { origin, sizes } = graph;
  const edges = graph.edges.map(targets => [...targets]);
  const entries = new Set(edges[0]);
  const indirect = new Set<number>();
  const count = edges.length;
  for (;;) {
    edges[0] = [...entries];
    const { sequence, order } = reversePostorder(edges);
    const dominator = dominators(edges, sequence, order);
    const dominates = (above: number, node: number): boolean => {
      let at = node;
      while (order[at] > order[above]) at = dominator[at];
      return at === above;
    };
    let reducible = true;
    for (const from of sequence) {
      edges[from].forEach((to, index) => {
        if (to === 0 || order[to] > order[from] || dominates(to, from)) return;
        indirect.add(from * count + to);
        edges[from][index] = 0;
        entries.add(to);
        reducible = false;
      });
    }
    if (!reducible) continue;

    const forward = new Array<number>(count).fill(0);
    const isLoop = new Array<boolean>(count).fill(false);
    for (const from of sequence) {
      for (const to of edges[from]) {
        if (order[to] <= order[from]) isLoop[to] = true;
        else forward[to]++;
      }
    }
    const children: number[][] = edges.map(() => []);
    for (const node of sequence) if (node) children[dominator[node]].push(node);
    const longest = [...sizes];
    for (let index = sequence.length - 1; index >= 0; index--) {
      const node = sequence[index];
      let most = 0;
      for (const to of edges[node]) if (order[to] > index && longest[to] > most) most = longest[to];
      longest[node] += most;
    }
    return {
      origin,
      successor: (from, original) => graph.edges[from].find(to => origin[to] === original),
      order,
      children,
      isLoop,
      isMerge: forward.map((times, node) => node !== 0 && (times > 1 || entries.has(node))),
      entries,
      viaDispatch: (from, to) => indirect.has(from * count + to),
      longest,
    };
  }
}

/** Copies have at most as many instructions as the region, or so many. */
const FEW = 32;

interface Graph {
  readonly origin: number[];
  readonly edges: number[][];
  readonly sizes: number[];
}

/** Makes copies of nodes until every loop is entered at its head alone, or copies would be too many. */
function separateLoops(
  successors: readonly (readonly number[])[],
  entrySet: Iterable<number>,
  nodeSizes: readonly number[],
): Graph {
  const origin = [...successors.keys()];
  const edges = successors.map((targets, node) => (node ? [...targets] : [...entrySet]));
  const sizes = [...nodeSizes];
  let budget = Math.max(
    sizes.reduce((sum, size) => sum + size, 0),
    FEW,
  );

  const work: number[][] = [origin.slice(1)];
  for (let nodes = work.pop(); nodes; nodes = work.pop()) {
    for (const loop of loops(nodes, edges)) {
      const inside = new Set(loop);
      const entered = new Set<number>();
      const flowsIn = new Set<number>();
      edges.forEach((targets, from) => {
        if (inside.has(from)) return;
        for (const to of targets) {
          if (!inside.has(to)) continue;
          entered.add(to);
          if (from) flowsIn.add(to);
        }
      });
      // Rather one that other code leads to than one that is entered from outside of the region.
      const head = Math.min(...(flowsIn.size ? flowsIn : entered));
      if (!entered.size) continue;
      const rest = loop.filter(node => node !== head);
      if (entered.size === 1) {
        work.push(rest);
        continue;
      }
      entered.delete(head);
      const copied = reachable(entered, edges, node => inside.has(node) && node !== head);
      const size = [...copied].reduce((sum, node) => sum + sizes[node], 0);
      if (size > budget) continue;
      budget -= size;
      const copies = new Map<number, number>();
      for (const node of copied) {
        copies.set(node, origin.push(origin[node]) - 1);
        sizes.push(sizes[node]);
      }
      const copyOf = (node: number): number => copies.get(node) ?? node;
      for (const targets of edges.filter((_, from) => !inside.has(from))) {
        targets.forEach((to, index) => {
          targets[index] = copyOf(to);
        });
      }
      for (const node of copied) edges.push(edges[node].map(copyOf));
      work.push(rest, [...copies.values()]);
    }
  }
  return { origin, edges, sizes };
}

function reachable(
  from: Iterable<number>,
  edges: readonly (readonly number[])[],
  within: (node: number) => boolean,
): Set<number> {
  const found = new Set(from);
  for (const node of found) for (const to of edges[node]) if (within(to)) found.add(to);
  return found;
}

const DONE = -1;

/** Strongly connected components with a cycle (Tarjan 1972), of the graph that some nodes make. */
function loops(nodes: readonly number[], edges: readonly (readonly number[])[]): number[][] {
  // By node: when it was visited, counted from 1. Those that are not looked at have been done.
  const index = new Int32Array(edges.length).fill(DONE);
  const low = new Int32Array(edges.length);
  for (const node of nodes) index[node] = 0;
  const stack: number[] = [];
  const found: number[][] = [];
  let visited = 0;
  const visit = (node: number): void => {
    low[node] = index[node] = ++visited;
    stack.push(node);
    for (const to of edges[node]) {
      if (index[to] === 0) visit(to);
      if (index[to] !== DONE && low[to] < low[node]) low[node] = low[to];
    }
    if (low[node] !== index[node]) return;
    const component = stack.splice(stack.lastIndexOf(node));
    for (const member of component) index[member] = DONE;
    if (component.length > 1 || edges[node].includes(node)) found.push(component);
  };
  for (const node of nodes) if (index[node] === 0) visit(node);
  return found;
}

function reversePostorder(edges: readonly (readonly number[])[]): { sequence: number[]; order: number[] } {
  const sequence: number[] = [];
  const seen = new Array<boolean>(edges.length).fill(false);
  const stack = [{ node: 0, next: 0 }];
  seen[0] = true;
  while (stack.length) {
    const top = stack[stack.length - 1];
    if (top.next === edges[top.node].length) {
      sequence.push(top.node);
      stack.pop();
      continue;
    }
    const to = edges[top.node][top.next++];
    if (!seen[to]) {
      seen[to] = true;
      stack.push({ node: to, next: 0 });
    }
  }
  sequence.reverse();
  const order = new Array<number>(edges.length).fill(-1);
  sequence.forEach((node, index) => {
    order[node] = index;
  });
  return { sequence, order };
}

/** Immediate dominators (Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm"). */
function dominators(
  edges: readonly (readonly number[])[],
  sequence: readonly number[],
  order: readonly number[],
): number[] {
  const before: number[][] = edges.map(() => []);
  for (const from of sequence) for (const to of edges[from]) before[to].push(from);
  const dominator = new Array<number>(edges.length).fill(-1);
  dominator[0] = 0;
  const common = (first: number, second: number): number => {
    let a = first;
    let b = second;
    while (a !== b) {
      while (order[a] > order[b]) a = dominator[a];
      while (order[b] > order[a]) b = dominator[b];
    }
    return a;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of sequence) {
      if (node === 0) continue;
      let found = -1;
      for (const from of before[node]) {
        if (dominator[from] >= 0) found = found < 0 ? from : common(found, from);
      }
      if (dominator[node] !== found) {
        dominator[node] = found;
        changed = true;
      }
    }
  }
  return dominator;
}
