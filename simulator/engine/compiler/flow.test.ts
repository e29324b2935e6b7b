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

test('a loop with two entries into its middle goes through the dispatch', () => {
  // 1 -> 2, 3 and 2 <-> 3: neither of 2 and 3 dominates the other.
  const flow = structure([[], [2, 3], [3], [2]], [1], [0, 1, 1, 1]);
  assert.equal(flow.isLoop[0], true);
  assert.equal(flow.entries.size, 2);
  assert.equal(Number(flow.viaDispatch(2, 3)) + Number(flow.viaDispatch(3, 2)), 1);
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
        left -= sizes[node];
        assert.ok(left >= 0);
        const next = edges[node].filter(to => flow.order[to] > flow.order[node] && !flow.viaDispatch(node, to));
        if (!next.length) break;
        node = next[draw(next.length)];
      }
    }
  }
});
