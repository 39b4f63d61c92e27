// Evidence of what a log does not hold: verify/evidence/absence. Without an archive it proves nothing yet: it says what
// should be there, and since when.

import { disproved, hex, printBase64, printInstant, Unable } from "./kernel.js";
import { checkLogged, enrolledIn, readLogged } from "./logged.js";
import { cosignedBy, linesOf, printKey } from "./note.js";
import { leafHash } from "./receipt.js";
import { parseEntry, verifyEntry } from "./record.js";
import { called, DIGESTS } from "./signers.js";
import { checkWhole, inWords, say, uncheckedIn } from "./shown.js";

async function signedRecord(record, enrolling, head) {
  await checkLogged(enrolling, head);
  const entry = await parseEntry(record, "record");
  const key = await enrolledIn(enrolling, entry.kid, "key");
  if (entry.payload.cor !== key.cor || !(await verifyEntry(entry, key.publicKey))) {
    const step = "Keep it: it was altered";
    throw disproved("this key did not sign it, for this corridor", "record", step);
  }
  return { entry, key };
}

export const HOLE = {
  ...DIGESTS, // the same members
  async check({ head: note, key: enrolling, record }, policy) {
    const head = await checkWhole(policy, note, "head");
    await checkLogged(record, head);
    const { entry, key } = await signedRecord(record.record, enrolling, head);
    const { seq } = entry.payload;
    if (seq === 0) {
      throw disproved("it is the first record of its key", "record", "There is nothing before it");
    }
    const facts = { origin: head.head.origin, index: record.index, ...called(key), seq };
    return {
      proved: false,
      proves: [say("hole.number", facts), say("under", inWords(head))],
      keys: [printKey(head.logKey), key.kid],
      leavesOpen: [say("hole.where"), say("byRight")],
      needs: [say("archive")],
      unchecked: uncheckedIn(head),
    };
  },
};

export const WITHHELD = {
  names: ["answer", "head", "key", "record"],
  read(members) {
    const key = readLogged(members.value.key, `${members.where}.key`);
    const answer = members.text("answer") ? members.note("answer") : null;
    return { head: members.note("head"), key, record: members.ascii("record"), answer };
  },
  notes: ({ head, answer }) => (answer ? [head, answer] : [head]),
  async check({ head: note, key: enrolling, record, answer }, policy) {
    const head = await checkWhole(policy, note, "head");
    const { entry, key } = await signedRecord(record, enrolling, head);
    const received = answer && (await receivedAt(answer, entry, policy));
    const { evt, leaf: offered } = entry.payload;
    const facts = { origin: head.head.origin, ...called(key), leaf: entry.leaf };
    const first = evt === "offered" ? say("withheld.offered", { ...facts, offered }) : say("withheld.record", facts);
    return {
      proved: false,
      proves: [first, ...(received ? [say("withheld.held", received)] : [])],
      keys: [printKey(head.logKey), key.kid, ...(received ? [received.witness] : [])],
      leavesOpen: [say("withheld.given"), ...(received ? [] : [say("withheld.dated")]), say("byRight")],
      needs: [say("archive")],
      unchecked: uncheckedIn(head),
    };
  },
};

// When a witness of the policy had the record: it cosigned the log of one entry that holds it.
async function receivedAt(answer, entry, policy) {
  const key = policy.witnesses.map((each) => each.key).find((each) => linesOf(answer, each).length);
  if (!key) throw disproved("no witness of the policy gave this answer", "answer", "Ask your own witness");
  if (answer.text !== (await offeredHead(key.name, entry.bytes))) {
    const step = "Give the record and the answer that belong together";
    throw disproved("this is no answer to the offer of this record", "answer", step);
  }
  const { times, unchecked } = await cosignedBy(answer, [key], "answer");
  if (unchecked.length) throw new Unable();
  if (!times.has(key)) {
    const step = "Give the answer of the witness that this key belongs to";
    throw disproved("this witness signed nothing here", "answer", step);
  }
  return { witness: printKey(key), time: printInstant(times.get(key)) };
}

async function offeredHead(name, record) {
  const leaf = await leafHash(record);
  return `${name}/offered/${hex(leaf)}\n1\n${printBase64(leaf)}\n`;
}
