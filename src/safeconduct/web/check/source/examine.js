// Everything that can be checked of what was given, step by step, in the order of `safeconduct receipt check`.
// A step is {name, state, facts, refusal}: it `holds`, `fails`, was not `asked` (something is not here), or `cannot`
// be checked in this browser. Words for it are in texts.js.

import { believed, examineEvidence } from "./evidence_steps.js";
import { bytesOfLatin1, hex, latin1, printInstant, Refusal } from "./kernel.js";
import { checkHead, missing, parsePolicy, timeOf } from "./policy.js";
import { keysIn, jwksOf, parseEntry, publicKeyOf, reveal, thumbprint, verifyEntry } from "./record.js";
import { parseReceipt, RECEIPT_HEADER, leafHash, verifyInclusion } from "./receipt.js";

// Which field a file belongs in, by what it begins with; null where it is none of them.
export function recognised(bytes) {
  const text = latin1(bytes.subarray(0, 4096));
  if (text.startsWith(RECEIPT_HEADER)) return "receipt";
  if (/^\s*\{/.test(text)) return text.includes('"kty"') ? "key" : "evidence"; // no name of evidence has a quote in it
  if (/^(?:#|[ \t\n]|log |witness |group |quorum )/.test(text)) return "policy";
  return /^[A-Za-z0-9_-]+\./.test(text) ? "record" : null;
}

// Whether one record enrols the key that signed another.
export async function enrols(bytes, other) {
  try {
    const { kid } = await parseEntry(spelledIn(other));
    return (await Promise.all((await keysIn(bytes)).map(thumbprint))).includes(kid);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return false;
  }
}

export async function examine({ evidence, ...given }) {
  if (!evidence) return examineReceipt(given);
  if (given.record || given.receipt || given.key) return { verdict: "several", steps: [] };
  return examineEvidence(evidence, given.policy);
}

async function examineReceipt(given) {
  const steps = [];
  const attempt = async (name, work) => {
    try {
      const { result, ...told } = await work();
      steps.push({ name, state: "holds", facts: {}, ...told });
      return result;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      steps.push({ name, state: "fails", facts: {}, refusal: error });
      return null;
    }
  };
  const { record, receipt, policy, key } = given;
  const entry = record ? await examineRecord(record, key, attempt) : null;
  const held = receipt ? await attempt("receipt", async () => readReceipt(receipt)) : null;
  const trusted = policy ? await attempt("policy", async () => readPolicy(policy)) : null;
  const signed = held && trusted ? await attempt("log", () => examineHead(held, trusted)) : null;
  if (signed) examineCosignatures(trusted, signed, steps);
  if (held && !policy) steps.push({ name: "log", state: "asked", facts: {} });
  if (entry && signed) await attempt("inclusion", () => examineInclusion(entry, held, signed));
  else if (entry && held && !policy) steps.push({ name: "inclusion", state: "asked", facts: { why: "policy" } });
  else if (held && !record) steps.push({ name: "inclusion", state: "asked", facts: { why: "record" } });
  const time = signed ? timeOf(trusted, signed) : null;
  return { steps, verdict: verdictOf(steps, time), entry, signed, index: held?.index ?? null, time };
}

// A trailing LF is the editor's: an entry has none.
const withoutFeed = (bytes) => (bytes.at(-1) === 10 ? bytes.subarray(0, -1) : bytes);

const spelledIn = (bytes) => bytesOfLatin1(latin1(withoutFeed(bytes)).split("~")[0]);

async function examineRecord(bytes, key, attempt) {
  const [spelled, ...disclosures] = latin1(withoutFeed(bytes)).split("~");
  const entry = await attempt("spelling", async () => {
    const result = await parseEntry(bytesOfLatin1(spelled));
    return { result, facts: { kind: result.payload.evt, leaf: result.leaf } };
  });
  if (!entry) return null;
  await attempt("signature", () => examineSignature(entry, key));
  if (disclosures.length && disclosures.at(-1) === "") disclosures.pop();
  entry.revealed = [];
  for (const text of disclosures) {
    await attempt("disclosure", async () => {
      const field = await reveal(entry.payload, text);
      entry.revealed.push(field);
      return { facts: { field: field.line === null ? field.name : `lines.${field.line}.${field.name}` } };
    });
  }
  return entry;
}

async function examineSignature(entry, key) {
  const own = jwksOf(entry.payload).map(publicKeyOf).filter(Boolean);
  for (const publicKey of [...(key ? await keysIn(withoutFeed(key)) : []), ...own]) {
    if ((await thumbprint(publicKey)) === entry.kid) {
      if (await verifyEntry(entry, publicKey)) return { facts: { kid: entry.kid } };
      return { state: "fails", facts: { why: "signature" } };
    }
  }
  return { state: "asked", facts: { kid: entry.kid, why: key ? "other" : "none" } };
}

const readReceipt = (bytes) => {
  const result = parseReceipt(bytes);
  return { result, facts: { index: result.index } };
};

const readPolicy = async (bytes) => {
  const result = await parsePolicy(bytes);
  return { result, facts: believed(result) };
};

async function examineHead(receipt, policy) {
  const result = await checkHead(policy, receipt.note);
  const { origin, size } = result.head;
  return { result, state: result.logUnchecked ? "cannot" : "holds", facts: { origin, size } };
}

function examineCosignatures(policy, signed, steps) {
  for (const { name, time } of signed.cosigned) {
    steps.push({ name: "cosignature", state: "holds", facts: { witness: name, time: printInstant(time) } });
  }
  for (const witness of signed.unchecked) steps.push({ name: "cosignature", state: "cannot", facts: { witness } });
  if (!policy.quorum.needed) return steps.push({ name: "quorum", state: "asked", facts: { why: "none" } });
  const time = timeOf(policy, signed);
  if (time !== null) return steps.push({ name: "quorum", state: "holds", facts: { time: printInstant(time) } });
  const absent = missing(policy.quorum, signed.cosigned.map(({ name }) => name)).join("; ");
  return steps.push({ name: "quorum", state: signed.unchecked.length ? "cannot" : "asked", facts: { absent } });
}

async function examineInclusion(entry, receipt, { head }) {
  const leaf = await leafHash(entry.bytes);
  await verifyInclusion(leaf, { index: receipt.index, size: head.size, proof: receipt.proof, root: head.root });
  return { facts: { index: receipt.index, size: head.size, root: hex(head.root) } };
}

// In one word: nothing, fails, record, receipt, head, unsigned (the log's own signature cannot be checked here),
// logged, cosigned. One step that fails is the whole verdict.
function verdictOf(steps, time) {
  const state = (name) => steps.find((step) => step.name === name)?.state;
  if (!steps.length) return "nothing";
  if (steps.some((step) => step.state === "fails")) return "fails";
  if (state("log") === "cannot") return "unsigned";
  if (state("log") !== "holds") return state("spelling") === "holds" ? "record" : "receipt";
  if (state("inclusion") !== "holds") return "head";
  return time === null ? "logged" : "cosigned";
}
