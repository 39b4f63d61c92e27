// One tree is the beginning of another: core/tlog/tree (RFC 9162 §2.1.4.2).

import { disproved, same } from "./kernel.js";
import { nodeHash, SHOW } from "./receipt.js";

export async function verifyConsistency({ oldSize, oldRoot, size, root, proof }) {
  if (oldSize < 1n) {
    throw disproved("a proof from size 0 says nothing", "", "Follow the log from its first head");
  }
  if (oldSize > size) throw disproved(`[0, ${oldSize}) is not a subtree of ${size} entries`, "", SHOW);
  const { begun, found, rest } = await lifted(oldSize - 1n, size - 1n, oldRoot, proof);
  if (rest || !same(begun, oldRoot) || !same(found, root)) {
    const message = `the consistency proof from ${oldSize} to ${size} entries does not lead to both roots`;
    throw disproved(message, "", SHOW);
  }
}

// The two roots that the proof gives, and the height not reached.
async function lifted(last, top, oldRoot, proof) {
  const up = () => {
    last >>= 1n;
    top >>= 1n;
  };
  while (last && (last === top || last & 1n)) up();
  const steps = last ? [...proof] : [oldRoot, ...proof];
  if (!steps.length) throw disproved("the consistency proof is too short", "", SHOW);
  let found = steps.shift();
  let begun = found;
  for (const step of steps) {
    if (!top) throw disproved("the consistency proof is too long", "", SHOW);
    if (last & 1n || last === top) {
      if (last) begun = await nodeHash(step, begun);
      found = await nodeHash(step, found);
      while (!(last & 1n) && last) up();
    } else {
      found = await nodeHash(found, step);
    }
    up();
  }
  return { begun, found, rest: top };
}
