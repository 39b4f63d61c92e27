// An evidence file, checked by somebody who was not there: verify/evidence/check, docs/spec/evidence.md.
//  1. JCS and one LF; the members `format`, `kind`, `policy`, and those of its kind. 512 KiB at most.
//  2. `policy` is in its one spelling. Every signed head in the file has lines of the policy's keys only.
//  3. What its kind says holds under that policy; and under the policy that was brought, where one was.

import { isObject, Malformed, malformed, parseCanonical, utf8 } from "./kernel.js";
import { HOLE, WITHHELD } from "./absences.js";
import { OTHER_RECORD, ROLLBACK, SPLIT } from "./contradictions.js";
import { Members } from "./members.js";
import { parsePolicy, printPolicy } from "./policy.js";
import { checkOnlyListed } from "./shown.js";
import { DIGESTS, FORK } from "./signers.js";

const FORMAT = "safeconduct-evidence@1";
const EVIDENCE_BYTES = 512 * 1024;
export const EVIDENCE = {
  split: SPLIT, rollback: ROLLBACK, receipt: OTHER_RECORD, fork: FORK, digests: DIGESTS, hole: HOLE, withheld: WITHHELD,
};

export function parseEvidence(bytes, where = "evidence") { // 1
  if (bytes.length > EVIDENCE_BYTES || bytes.at(-1) !== 10) {
    throw malformed("this is not an evidence file", where, "It is one line of JSON, with its LF");
  }
  const value = parseCanonical(bytes.subarray(0, -1), where);
  const kind = isObject(value) && Object.hasOwn(EVIDENCE, value.kind) ? EVIDENCE[value.kind] : null;
  if (!kind || typeof value.kind !== "string" || value.format !== FORMAT) {
    const step = `Its format is ${FORMAT}; its kind one of ${Object.keys(EVIDENCE).join(", ")}`;
    throw malformed("this is not an evidence file", where, step);
  }
  const members = Members.of(value, ["format", "kind", "policy", ...kind.names], where);
  return { kind: value.kind, policy: members.text("policy"), parts: kind.read(members) };
}

// Under the file's own policy: 2 and 3.
export async function checkAlone({ kind, policy: text, parts }) {
  const policy = await readOwn(text);
  for (const note of EVIDENCE[kind].notes(parts)) checkOnlyListed(note, policy, kind);
  return EVIDENCE[kind].check(parts, policy);
}

export const checkUnder = ({ kind, parts }, policy) => EVIDENCE[kind].check(parts, policy); // 3

async function readOwn(text) {
  const ruled = (faults) => new Malformed(faults.map((one) => ({ ...one, rule: "policy.spelling" })));
  let policy;
  try {
    policy = await parsePolicy(utf8(text));
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw ruled(error.faults);
  }
  if (printPolicy(policy) === text) return policy;
  const step = "Fetch it again; if it stays so, ask another party for theirs";
  throw ruled(malformed("this is not how a policy is printed", "policy", step).faults);
}
