// Evidence of two signed heads: verify/evidence/split, rollback, other_record. Each kind has its members, how they are
// read, its signed heads, and `check`, which gives what it shows, or refuses.

import { disproved, hex, malformed, printInstant, same, Unable, utf8 } from "./kernel.js";
import { verifyConsistency } from "./consistency.js";
import { AGAIN_EVIDENCE } from "./members.js";
import { printKey } from "./note.js";
import { leafHash, parseReceipt, verifyInclusion } from "./receipt.js";
import { checkOfOneLog, checkWhole, inWords, say, timeBy, uncheckedIn, witnessesOfBoth } from "./shown.js";

async function twoHeads(policy, heads) {
  const [one, other] = [await checkWhole(policy, heads[0], "heads"), await checkWhole(policy, heads[1], "heads")];
  checkOfOneLog(one, other);
  return [one, other];
}

export const SPLIT = {
  names: ["heads", "proof", "root"],
  read: (members) => ({ heads: members.notes("heads"), root: members.hash("root"), proof: members.hashes("proof") }),
  notes: ({ heads }) => heads,
  async check({ heads, root, proof }, policy) {
    const [small, large] = await twoHeads(policy, heads);
    const [one, other] = [small.head, large.head];
    if (one.size > other.size || (one.size === other.size && hex(one.root) > hex(other.root))) {
      throw disproved("the two heads stand in another order", "heads", "Put the smaller one first");
    }
    await verifyConsistency({ oldSize: one.size, oldRoot: root, size: other.size, root: other.root, proof });
    if (same(root, one.root)) {
      const step = "They are heads of one honest log: there is nothing to prove";
      throw disproved("the larger head goes on from the smaller one", "heads", step);
    }
    const both = witnessesOfBoth(small, large, policy);
    const facts = { origin: one.origin, ...inWords(small), largersize: other.size, largerroot: hex(other.root) };
    const first = one.size === other.size ? say("split.size", facts) : say("split.begins", { ...facts, begun: hex(root) });
    return {
      proved: true,
      proves: [first, ...both.map(({ name }) => say("both", { witness: name }))],
      keys: [small.logKey, ...both].map(printKey),
      leavesOpen: [say("split.which"), say("split.who")],
      unchecked: uncheckedIn(small, large),
    };
  },
};

export const ROLLBACK = {
  names: ["heads"],
  read: (members) => ({ heads: members.notes("heads") }),
  notes: ({ heads }) => heads,
  async check({ heads }, policy) {
    const [large, small] = await twoHeads(policy, heads);
    const went = policy.witnesses.filter((each) => timeBy(large, each) < timeBy(small, each));
    if (large.head.size <= small.head.size || !went.length) {
      const perhaps = uncheckedIn(large).some((name) => uncheckedIn(small).includes(name));
      if (large.head.size > small.head.size && perhaps) throw new Unable();
      const step = "An older head that is only served proves nothing: a cache may be behind";
      throw disproved("no witness cosigned a smaller head after a larger one", "heads", step);
    }
    const less = { smallersize: small.head.size, smallerroot: hex(small.head.root) };
    const times = (each) => ({ time: printInstant(timeBy(large, each)), later: printInstant(timeBy(small, each)) });
    return {
      proved: true,
      proves: [
        say("rollback.heads", { origin: large.head.origin, ...inWords(large), ...less }),
        ...went.map((each) => say("rollback.witness", { witness: each.key.name, ...times(each) })),
      ],
      keys: [large.logKey, ...went.map(({ key }) => key)].map(printKey),
      leavesOpen: [say("rollback.past"), say("rollback.witnesses"), say("rollback.who")],
      unchecked: uncheckedIn(large, small),
    };
  },
};

export const OTHER_RECORD = {
  names: ["head", "leaf", "proof", "receipt", "record"],
  read(members) {
    const receipt = parseReceipt(utf8(members.text("receipt")), `${members.where}.receipt`);
    if (receipt.extra !== null) {
      throw malformed("this receipt has an extra line", `${members.where}.receipt`, AGAIN_EVIDENCE);
    }
    const [record, head] = [members.ascii("record"), members.note("head")];
    return { receipt, record, head, leaf: members.hash("leaf"), proof: members.hashes("proof") };
  },
  notes: ({ receipt, head }) => [receipt.note, head],
  async check({ receipt, record, head, leaf, proof }, policy) {
    const [index, own] = [receipt.index, await leafHash(record)];
    const given = await checkWhole(policy, receipt.note, "receipt");
    const place = { size: given.head.size, root: given.head.root };
    await verifyInclusion(own, { index, proof: receipt.proof, ...place }, "receipt");
    const now = await checkWhole(policy, head, "head");
    checkOfOneLog(given, now);
    await verifyInclusion(leaf, { index, size: now.head.size, proof, root: now.head.root });
    if (same(own, leaf)) {
      throw disproved("the record stands where its receipt says", "leaf", "There is nothing to prove");
    }
    const both = witnessesOfBoth(given, now, policy);
    return {
      proved: true,
      proves: [
        say("receipt.given", { origin: now.head.origin, leaf: hex(own), index, ...inWords(given) }),
        say("receipt.now", { ...inWords(now), index, leaf: hex(leaf) }),
        ...both.map(({ name }) => say("receipt.both", { witness: name })),
      ],
      keys: [given.logKey, ...both].map(printKey),
      leavesOpen: [say("receipt.elsewhere"), say("receipt.says"), say("receipt.who")],
      unchecked: uncheckedIn(given, now),
    };
  },
};
