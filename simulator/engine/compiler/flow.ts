/**
 * Control flow of a region in the form that WebAssembly has: nested blocks and loops. Nodes are numbers; node 0 is the
 * dispatch, which goes to each entry and to which indirect branches come back. After Norman Ramsey, "Beyond Relooper:
 * recursive translation of unstructured control flow to structured control flow" (ICFP 2022); edges that make the graph
 * irreducible go through the dispatch.
 */

export interface Flow {
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
  sizes: readonly number[],
): Flow {
  const edges = successors.map(targets => [...targets]);
  const entries = new Set(entrySet);
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
    for (const node of [...sequence].reverse()) {
      const next = edges[node].filter(to => order[to] > order[node]);
      longest[node] += Math.max(0, ...next.map(to => longest[to]));
    }
    return {
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
      const known = before[node].filter(from => dominator[from] >= 0);
      const found = known.reduce(common);
      if (dominator[node] !== found) {
        dominator[node] = found;
        changed = true;
      }
    }
  }
  return dominator;
}
