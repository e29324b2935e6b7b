import assert from 'node:assert/strict';
import { test } from 'node:test';
import { structure } from './flow.ts';

test('a loop is found by its back edge, and the node behind two ways is a merge', () => {
  // 1 -> 2, 3; 2, 3 -> 4; 4 -> 1 or out.
  const flow = structure([[], [2, 3], [4], [4], [1]], [1], [0, 1, 2, 5, 1]);
  assert.deepEqual(flow.isLoop, [false, true, false, false, false]);
  assert.deepEqual(flow.isMerge, [false, true, false, false, true]);
  assert.deepEqual([...flow.children[1]].sort(), [2, 3, 4]);
  assert.equal(flow.longest[1], 1 + 5 + 1);
});

test('a loop that is entered at two places has one head, and a copy of the way to it from the other', () => {
  // 1 -> 2, 3 and 2 <-> 3: neither of 2 and 3 dominates the other.
  const flow = structure([[], [2, 3], [3], [2]], [1], [0, 1, 1, 1]);
  assert.deepEqual(flow.origin, [0, 1, 2, 3, 3]);
  assert.equal(flow.successor(1, 3), 4);
  assert.equal(flow.successor(4, 2), 2);
  assert.equal(flow.successor(2, 3), 3);
  assert.deepEqual(flow.isLoop, [false, false, true, false, false]);
});

test('entries in inner loops take nothing from the loops around them', () => {
  // 1 -> 2 -> 3 -> 2, 4 and 4 -> 1: the region is entered at all of them.
  const flow = structure([[], [2], [3], [2, 4], [1]], [1, 2, 3, 4], [0, 1, 1, 1, 1]);
  assert.equal(flow.isLoop[0], false);
  assert.ok(flow.isLoop[1] && flow.isLoop[2]);
  assert.equal(flow.entries.size, 4);
  for (const entry of [2, 3, 4]) assert.ok(!flow.entries.has(entry), `a copy of ${entry} is entered`);
  for (const [node, original] of flow.origin.entries()) {
    for (const next of [1, 2, 3, 4]) {
      const to = flow.successor(node, next);
      if (node && to !== undefined) assert.equal(flow.viaDispatch(node, to), false, `${original} to ${next}`);
    }
  }
});

test('where copies would be too many, edges go through the dispatch', () => {
  // Each of many nodes leads to each of the others, and is an entry.
  const nodes = Array.from({ length: 9 }, (_, index) => index + 1);
  const edges = [[], ...nodes.map(node => nodes.filter(other => other !== node))];
  const flow = structure(edges, nodes, [0, ...nodes.map(() => 20)]);
  assert.equal(flow.isLoop[0], true);
  assert.ok(flow.origin.length <= 19);
});

test('what cannot be reached has no order', () => {
  const flow = structure([[], [], [1]], [1], [0, 1, 1]);
  assert.equal(flow.order[2], -1);
});

test('every way between two checks of the budget is at most as long as the limit of its start', () => {
  // Random graphs: a walk along forward edges never adds up to more than `longest`.
  let state = 7;
  const draw = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let round = 0; round < 200; round++) {
    const count = 2 + draw(12);
    const edges = Array.from({ length: count }, () => Array.from({ length: draw(3) }, () => 1 + draw(count - 1)));
    const sizes = Array.from({ length: count }, (_, node) => (node ? 1 + draw(9) : 0));
    const flow = structure(edges, [1], sizes);
    for (let walk = 0; walk < 20; walk++) {
      let node = 1;
      let left = flow.longest[1];
      for (;;) {
        left -= sizes[flow.origin[node]];
        assert.ok(left >= 0);
        const next = edges[flow.origin[node]]
          .map(to => flow.successor(node, to) as number)
          .filter(to => flow.order[to] > flow.order[node] && !flow.viaDispatch(node, to));
        if (!next.length) break;
        node = next[draw(next.length)];
      }
    }
  }
});
