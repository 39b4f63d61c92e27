// Evidence against whoever signed a record: verify/evidence/fork, digests.

import { disproved, hex, isObject, utf8 } from "./kernel.js";
import { checkLogged, checkSigned, enrolledIn, readLogged, signedIn } from "./logged.js";
import { printKey } from "./note.js";
import { parseEntry, verifyEntry } from "./record.js";
import { checkWhole, inWords, say, uncheckedIn } from "./shown.js";

export const called = ({ kid, entry, holder }) => ({ kid, entry, holder });

export const FORK = {
  names: ["head", "key", "records"],
  read(members) {
    const records = members.pair("records").map((value) => readLogged(value, `${members.where}.records`));
    const key = readLogged(members.value.key, `${members.where}.key`);
    return { head: members.note("head"), key, records };
  },
  notes: ({ head }) => [head],
  async check({ head: note, key: enrolling, records }, policy) {
    const head = await checkWhole(policy, note, "head");
    for (const logged of [enrolling, ...records]) await checkLogged(logged, head);
    const [one, other] = [await parseEntry(records[0].record, "records"), await parseEntry(records[1].record, "records")];
    const key = await enrolledIn(enrolling, one.kid, "key");
    if (one.leaf === other.leaf || !((await isSignedBy(one, key)) && (await isSignedBy(other, key)))) {
      throw disproved("these are not two records that one key signed", "records", "Give both branches");
    }
    const how = inOrder(one, other, records) ? apart(one.payload, other.payload, one.leaf) : null;
    if (!how) {
      const step = "There is nothing to prove: a key signs one after another";
      throw disproved("the two records have two places in the chain, or stand in another order", "records", step);
    }
    const facts = { origin: head.head.origin, one: records[0].index, other: records[1].index, ...called(key) };
    return {
      proved: true,
      proves: [say(how.name, { ...facts, ...how.facts }), say("fork.under", inWords(head))],
      keys: [printKey(head.logKey), key.kid],
      leavesOpen: [say("fork.hands"), say("fork.true"), say("byRight")],
      unchecked: uncheckedIn(head),
    };
  },
};

const isSignedBy = (entry, key) =>
  (entry.payload.cor || key.cor) === key.cor && entry.kid === key.kid && verifyEntry(entry, key.publicKey);

const inOrder = (one, other, [first, second]) =>
  one.payload.seq < other.payload.seq || (one.payload.seq === other.payload.seq && first.index <= second.index);

// How they contradict each other; null: they do not.
function apart(one, other, leaf) {
  if (one.seq === other.seq) return say("fork.number", { seq: one.seq });
  if (one.prev && one.prev === other.prev) return say("fork.follows", { leaf: one.prev });
  if (other.seq === one.seq + 1 && other.prev !== leaf) {
    return say("fork.next", { seq: one.seq, next: other.seq, leaf: other.prev });
  }
  return null;
}

export const DIGESTS = {
  names: ["head", "key", "record"],
  read(members) {
    const key = readLogged(members.value.key, `${members.where}.key`);
    const record = readLogged(members.value.record, `${members.where}.record`);
    return { head: members.note("head"), key, record };
  },
  notes: ({ head }) => [head],
  async check({ head: note, key: enrolling, record }, policy) {
    const head = await checkWhole(policy, note, "head");
    await checkLogged(enrolling, head);
    await checkLogged(record, head);
    const signed = signedIn(record.record, "record");
    const key = await enrolledIn(enrolling, signed.kid, "key");
    await checkSigned(signed, key, "record");
    const fields = withSeveral(signed.payload);
    if (!fields.length) {
      throw disproved("no field of this record has two digests", "record", "There is nothing to prove");
    }
    const facts = { origin: head.head.origin, index: record.index, ...called(key), fields: fields.join(", ") };
    return {
      proved: true,
      proves: [say("digests.fields", facts), say("under", inWords(head))],
      keys: [printKey(head.logKey), key.kid],
      leavesOpen: [say("digests.shown"), say("byRight")],
      unchecked: uncheckedIn(head),
    };
  },
};

// The fields, as people name them; sorted by code points.
function withSeveral(payload) {
  const inside = (members, before = "") => Object.keys(members).filter((name) => hasSeveral(members[name]))
    .map((name) => [hex(utf8(`${before}${name}`)), `${before}${name}`]).sort()
    .map(([, name]) => name);
  const lines = Array.isArray(payload.lines) ? payload.lines : [];
  return [...inside(payload), ...lines.flatMap((line, at) => (isObject(line) ? inside(line, `lines[${at}].`) : []))];
}

const hasSeveral = (value) => isObject(value) && Array.isArray(value._sd) &&
  new Set(value._sd.filter((digest) => typeof digest === "string")).size > 1;
