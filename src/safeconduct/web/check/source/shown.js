// What a piece of evidence shows, as sentences by name with what is put in (their words: evidence_texts.js), and what
// every kind asks of its heads: verify/evidence/shown.

import { disproved, hex, malformed, Unable } from "./kernel.js";
import { isBy } from "./note.js";
import { checkHead } from "./policy.js";

export const say = (name, facts = {}) => ({ name, facts });
export const inWords = ({ head }) => ({ size: head.size, root: hex(head.root) });

// A head that the policy accepts, and whose log's signature this browser can check.
export async function checkWhole(policy, note, where) {
  const signed = await checkHead(policy, note, where);
  if (signed.logUnchecked) throw new Unable();
  return signed;
}

export function checkOfOneLog(one, other) {
  if (one.logKey === other.logKey) return;
  const step = "Ask for two heads of one log: two logs contradict each other in nothing";
  throw disproved("the two heads are of two logs", "", step);
}

// A line by nobody that the policy names says nothing, and could say anything.
export function checkOnlyListed(note, { logs, witnesses }, where) {
  const keys = [...logs, ...witnesses].map(({ key }) => key);
  if (!note.signatures.every((line) => keys.some((key) => isBy(line, key)))) {
    throw malformed("it has a line by nobody that the policy names", where, "Take the line out");
  }
}

export const timeBy = (signed, witness) => signed.cosigned.find(({ name }) => name === witness.name)?.time;

export const witnessesOfBoth = (one, other, policy) =>
  policy.witnesses.filter((each) => timeBy(one, each) !== undefined && timeBy(other, each) !== undefined)
    .map(({ key }) => key);

// Whose lines could not be checked here: what is shown is then less than the file may hold.
export const uncheckedIn = (...heads) => [...new Set(heads.flatMap(({ unchecked }) => unchecked))];
