// Whom we believe about a head: core/tlog/policy, quorum (C2SP tlog-policy). A word that is no UTF-8 keeps its bytes
// as halves of characters, as in Python: names are compared byte for byte, and no key's name may hold one.

import { bytesOfLatin1, disproved, fault, latin1, Malformed, malformed, parseDecimal, quoted, textOf } from "./kernel.js";
import {
  cosignedBy, ED25519, linesOf, MLDSA_COSIGNATURE, COSIGNATURE, parseCheckpoint, parseKey, printKey, requireSigned,
} from "./note.js";

const POLICY_BYTES = 1024 * 1024;
const MAX_OF_EACH = 64;
const NONE = "none";
const LOG_TYPES = [ED25519, MLDSA_COSIGNATURE];
const WITNESS_TYPES = [COSIGNATURE, MLDSA_COSIGNATURE];

const wordOf = (bytes) => textOf(bytesOfLatin1(bytes)) ?? bytes.replace(/[\x80-\xff]/g, halfOf);
const halfOf = (byte) => String.fromCharCode(0xdc00 + byte.charCodeAt(0));

export const isMetBy = (quorum, names) =>
  quorum.members.filter((member) => stands(member, names)).length >= quorum.needed;
const stands = (member, names) => (typeof member === "string" ? names.includes(member) : isMetBy(member, names));

// A sentence for each group that is short; nothing where the quorum is met.
export function missing(quorum, names) {
  if (isMetBy(quorum, names)) return [];
  const absent = quorum.members.filter((member) => !stands(member, names));
  const called = absent.map((member) => member.name ?? member).join(", ");
  const there = quorum.members.length - absent.length;
  const inner = absent.flatMap((member) => (typeof member === "string" ? [] : missing(member, names)));
  return [`${quorum.name}: ${there} of the ${quorum.needed} needed; not there: ${called}`, ...inner];
}

// A policy in its one spelling.
export function printPolicy({ logs, witnesses, groups, quorum }) {
  const lines = [
    ...logs.map(({ key, url }) => ["log", printKey(key), url]),
    ...witnesses.map(({ name, key, url }) => ["witness", name, printKey(key), url]),
    ...groups.map(({ name, needed, members }) => ["group", name, needed, ...members.map((one) => one.name ?? one)]),
    ["quorum", quorum.name],
  ];
  return lines.map((words) => `${words.filter((word) => word !== undefined).join(" ")}\n`).join("");
}

export async function parsePolicy(bytes, where = "policy") {
  if (bytes.length > POLICY_BYTES || bytes.some((byte) => byte < 0x20 ? byte !== 9 && byte !== 10 : byte === 0x7f)) {
    throw malformed("this is not a policy", where, "Write text without control characters");
  }
  const reader = new Reader();
  const lines = latin1(bytes).split("\n");
  for (const [at, line] of lines.entries()) await reader.read(line, `${where} line ${at + 1}`);
  return reader.finish(where);
}

class Reader {
  logs = [];
  witnesses = [];
  groups = [];
  quorums = [];
  named = new Map();
  members = new Set();
  keys = new Set();
  faults = [];

  async read(line, where) {
    const words = line.replace(/^[ \t]+|[ \t]+$/g, "").split(/[ \t]+/).map(wordOf);
    if (words[0] === "" || words[0].startsWith("#")) return;
    try {
      await this.#statement(words, line, where);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.faults.push(...error.faults);
    }
  }

  async #statement(words, line, where) {
    const [keyword, name, ...more] = words;
    if (keyword === "log" && (words.length === 2 || words.length === 3)) {
      const key = await this.#key(name, LOG_TYPES, where);
      this.logs.push({ name: key.name, key, url: more[0] });
    } else if (keyword === "witness" && (words.length === 3 || words.length === 4)) {
      this.#name(name, name, where);
      this.witnesses.push({ name, key: await this.#key(more[0], WITNESS_TYPES, where), url: more[1] });
    } else if (keyword === "group" && words.length >= 4) {
      this.#group(name, more[0], more.slice(1), where);
    } else if (keyword === "quorum" && words.length === 2) {
      const member = name === NONE ? { name: NONE, needed: 0, members: [] } : this.#find(name, where);
      this.quorums.push(typeof member === "string" ? { name, needed: 1, members: [name] } : member);
    } else {
      const hint = "Known here: group, log, quorum, witness";
      this.faults.push(fault(`${quoted(wordOf(line), 80)} is no line of a policy`, where, hint));
    }
  }

  finish(where) {
    if (!this.faults.length && this.quorums.length !== 1) {
      this.faults.push(fault("there is not exactly one quorum line", where, "Write one"));
    }
    if (Math.max(this.logs.length, this.witnesses.length, this.groups.length) > MAX_OF_EACH) {
      this.faults.push(fault(`more than ${MAX_OF_EACH} logs, witnesses or groups`, where, "Name fewer"));
    }
    if (this.faults.length) throw new Malformed(this.faults);
    return { logs: this.logs, witnesses: this.witnesses, groups: this.groups, quorum: this.quorums[0] };
  }

  async #key(word, types, where) {
    const key = await parseKey(word, where);
    const two = (kind) => kind.toString(16).padStart(2, "0");
    if (!types.includes(key.type)) {
      const hint = `Use type ${types.map(two).join(" or ")}`;
      throw malformed(`a key of type ${two(key.type)} cannot stand here`, where, hint);
    }
    const bytes = latin1(key.publicKey);
    if (this.keys.has(bytes)) throw malformed("this key stands above already", where, "List each key once");
    this.keys.add(bytes);
    return key;
  }

  #name(name, meaning, where) {
    if (name === NONE || this.named.has(name)) {
      throw malformed(`the name ${quoted(name)} is taken`, where, "Use each name once");
    }
    this.named.set(name, meaning);
  }

  #find(name, where) {
    if (!this.named.has(name)) {
      throw malformed(`${quoted(name)} is not defined above`, where, "Define it above");
    }
    return this.named.get(name);
  }

  #group(name, needed, members, where) {
    const found = members.map((member) => this.#find(member, where));
    if (new Set(members).size < members.length || members.some((member) => this.members.has(member))) {
      const hint = "List each name in one group";
      throw malformed(`a member of ${quoted(name)} is a member elsewhere`, where, hint);
    }
    members.forEach((member) => this.members.add(member));
    const counts = { all: members.length, any: 1 };
    const count = BigInt(Object.hasOwn(counts, needed) ? counts[needed] : parseDecimal(needed, where));
    if (count < 1n || count > BigInt(members.length)) {
      const message = `${quoted(name)} needs ${count} of ${members.length}`;
      throw malformed(message, where, "Need 1 at least, all at most");
    }
    const group = { name, needed: Number(count), members: found };
    this.#name(name, group, where);
    this.groups.push(group);
  }
}

// A head that a policy accepts: who cosigned and when, by name; whose lines this browser cannot check.
export async function checkHead(policy, note, where = "") {
  const head = parseCheckpoint(note.text, where);
  if (head.extensions.length) throw malformed("this head has extension lines", where, "Write three lines");
  const signers = policy.logs.map(({ key }) => key).filter((key) => linesOf(note, key).length);
  await requireSigned(note, signers.filter((key) => key.type === ED25519), where);
  const others = await cosignedBy(note, signers.filter((key) => key.type !== ED25519), where);
  const { times, unchecked } = await cosignedBy(note, policy.witnesses.map(({ key }) => key), where);
  const logKey = signers.find((key) => key.name === head.origin);
  if (!logKey) {
    const message = `the log ${quoted(head.origin, 80)} did not sign this head, or is not in the policy`;
    throw disproved(message, where, "Check that it is of the log you follow");
  }
  const named = (keep) => policy.witnesses.filter(({ key }) => keep(key));
  return {
    head,
    logKey,
    logUnchecked: others.unchecked.includes(logKey),
    cosigned: named((key) => times.has(key)).map(({ name, key }) => ({ name, key, time: times.get(key) })),
    unchecked: named((key) => unchecked.includes(key)).map(({ name }) => name),
  };
}

// The earliest time at which a full quorum had cosigned; null where there is none, or the policy needs none.
export function timeOf(policy, signed) {
  const names = [];
  for (const { name, time } of signed.cosigned.toSorted((a, b) => (a.time < b.time ? -1 : Number(a.time > b.time)))) {
    names.push(name);
    if (policy.quorum.needed && isMetBy(policy.quorum, names)) return time;
  }
  return null;
}
