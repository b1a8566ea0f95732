// The layers of the code graph: callers to the left, callees to the right, a column for each depth. A node shows its first few new
// neighbours; the rest is a stub, "+37 more", which opens. No DOM here.
export const FIRST = 8;
export const BOX = { width: 196, height: 22, row: 27, gap: 64 };
const CENTRE_ROWS = 18; // short columns stand in the middle of so many rows

// A short name for a long uid, for the URL.
export function brief(uid) {
  let hash = 2166136261;
  for (let i = 0; i < uid.length; i++) hash = Math.imul(hash ^ uid.charCodeAt(i), 16777619);
  return (hash >>> 0).toString(36);
}

// uid: AST::path#qualified.name[~n]; what is not resolved is only a name.
export function parts(uid) {
  const found = /^AST::(.*?)#(.*)$/.exec(uid);
  return found ? { file: found[1], name: found[2] } : { file: '', name: uid };
}

// Who is beside whom: for the side `out` the callees, for `in` the callers, in the order in which the walk met them.
function neighbours(edges, side) {
  const beside = new Map();
  for (const { src, dst } of edges) {
    const [from, to] = side === 'out' ? [src, dst] : [dst, src];
    if (!beside.has(from)) beside.set(from, new Set());
    beside.get(from).add(to);
  }
  return beside;
}

// Who stands on the other side already (a caller may be a callee too) is not drawn again, but who is behind it is. Grows one side, and
// answers what grows on behind those that a stub hid and that have been drawn since, on the other side; it tells whether there were any.
function grow(side, edges, root, nodes, columns, opened) {
  const sign = side === 'out' ? 1 : -1;
  const beside = neighbours(edges, side);
  const walked = new Set([root.uid]);
  const stubs = [];
  const from = (begin, first) => {
    let layer = begin;
    for (let depth = first; layer.length; depth++) layer = step(layer, depth);
  };
  const step = (layer, depth) => {
    const column = columns.get(sign * depth) ?? [];
    const next = [];
    const walk = (node) => {
      walked.add(node.uid);
      next.push(node);
    };
    for (const parent of layer) {
      const all = [...(beside.get(parent.uid) ?? [])].filter((uid) => !walked.has(uid));
      for (const uid of all) if (nodes.has(uid)) walk(nodes.get(uid));
      const fresh = all.filter((uid) => !nodes.has(uid));
      const most = opened('*') || opened(brief(parent.uid)) || fresh.length <= FIRST + 1 ? Infinity : FIRST;
      fresh.slice(0, most).forEach((uid) => {
        const node = { uid, depth: sign * depth };
        nodes.set(uid, node);
        walk(node);
        column.push(node);
      });
      if (fresh.length > most) {
        const stub = { uid: `+${side}-${brief(parent.uid)}`, stub: true, of: parent, rest: fresh.slice(most), depth: sign * depth };
        column.push(stub);
        stubs.push(stub);
      }
    }
    if (column.length) columns.set(sign * depth, column);
    return next;
  };
  from([root], 1);
  return () => {
    let found = false;
    for (const { rest, depth } of [...stubs]) {
      for (const uid of rest.filter((one) => nodes.has(one) && !walked.has(one))) {
        found = true;
        walked.add(uid);
        from([nodes.get(uid)], Math.abs(depth) + 1);
      }
    }
    return found;
  };
}

// What another parent shows, on either side, is not hidden.
function settleStubs(nodes, columns) {
  for (const [depth, column] of columns) {
    for (const node of column) if (node.stub) node.rest = node.rest.filter((uid) => !nodes.has(uid));
    const kept = column.filter((node) => !node.stub || node.rest.length);
    if (kept.length) columns.set(depth, kept);
    else columns.delete(depth);
  }
}

// callers, callees: edges {src, dst, depth}. opened(key) tells which stubs are open. Answers {nodes: Map by uid, columns: Map by depth,
// links: [[node, node]], width, height}; nodes have x, y, row.
export function layout(start, callers, callees, opened) {
  const root = { uid: start, depth: 0 };
  const nodes = new Map([[start, root]]);
  const columns = new Map([[0, [root]]]);
  const sides = [['out', callees], ['in', callers]].map(([side, edges]) => grow(side, edges, root, nodes, columns, opened));
  while (sides.map((goOn) => goOn()).some(Boolean)); // what one side draws the other may have hidden
  settleStubs(nodes, columns);
  const least = Math.min(...columns.keys());
  const most = Math.max(...columns.keys());
  const tallest = Math.max(...[...columns.values()].map((column) => column.length));
  const centre = Math.min(tallest, CENTRE_ROWS) / 2;
  for (const [depth, column] of columns) {
    const top = Math.max(0, centre - column.length / 2);
    column.forEach((node, row) => Object.assign(node, { row, x: (depth - least) * (BOX.width + BOX.gap), y: (top + row) * BOX.row }));
  }
  const links = [];
  const seen = new Set();
  for (const { src, dst } of [...callers, ...callees]) {
    const key = `${src}\n${dst}`;
    if (nodes.has(src) && nodes.has(dst) && !seen.has(key)) links.push([nodes.get(src), nodes.get(dst)]);
    seen.add(key);
  }
  for (const column of columns.values()) {
    for (const node of column) if (node.stub) links.push(node.depth > 0 ? [node.of, node] : [node, node.of]);
  }
  return { start, nodes, columns, links, width: (most - least + 1) * (BOX.width + BOX.gap) - BOX.gap, height: tallest * BOX.row };
}

// A line from the right side of one box to the left side of the other; back and within a column it bends around.
export function path([from, to]) {
  const y1 = from.y + BOX.height / 2;
  const y2 = to.y + BOX.height / 2;
  const x1 = from.x + BOX.width;
  if (to.x > from.x) {
    const bend = (to.x - x1) / 2;
    return `M${x1} ${y1}C${x1 + bend} ${y1} ${to.x - bend} ${y2} ${to.x} ${y2}`;
  }
  const side = to.x + BOX.width;
  return `M${x1} ${y1}C${x1 + 40} ${y1} ${side + 40} ${y2} ${side} ${y2}`;
}
