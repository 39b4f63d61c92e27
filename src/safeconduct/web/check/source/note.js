// Signed notes, heads, cosignatures: core/tlog/note, checkpoint, cosignature (C2SP signed-note, tlog-checkpoint,
// tlog-cosignature). Sizes and times are BigInt: they go up to 2^63.

import {
  bytesOfLatin1, disproved, hex, joined, malformed, parseBase64, parseDecimal, parseHex, printBase64, quoted, same,
  sha256, textOf, utf8,
} from "./kernel.js";
import {
  acceptableKey, MLDSA44_KEY_BYTES, MLDSA44_SIGNATURE_BYTES, verifyEd25519, verifyMldsa44,
} from "./signature.js";

export const ED25519 = 1;
export const ECDSA = 2;
export const COSIGNATURE = 4;
export const MLDSA_COSIGNATURE = 6;

const NOTE_BYTES = 256 * 1024;
const MAX_SIGNATURES = 64;
const KEY_ID_BYTES = 4;
const HASH_BYTES = 32;
const TIME_BYTES = 8;
const MAX_TIME = 2n ** 63n - 1n;
const MAX_NAME_BYTES = 255;

const CONTROL = /[\x00-\x09\x0b-\x1f]/;
// Python's Unicode white space, and the plus sign.
const IN_NAME = "[^\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000+]+";
const NAME = new RegExp(`^${IN_NAME}$`, "u");
const LINE = new RegExp(`^— (${IN_NAME}) ([A-Za-z0-9+/=]+)$`, "u");

export async function makeKey(name, kind, publicKey, where = "") {
  if (!NAME.test(name) || CONTROL.test(name) || !name.isWellFormed()) {
    throw malformed(`${quoted(name, 80)} is not a key name`, where, "Use no spaces and no plus sign");
  }
  if (!goodPublicKey(kind, publicKey)) {
    const number = kind.toString(16).padStart(2, "0");
    const hint = "Copy the whole verifier key from whoever holds it";
    throw malformed(`this is not a public key of type ${number}`, where, hint);
  }
  // ECDSA keys came before the rule: their ID is the hash of the key alone.
  const content = kind === ECDSA ? publicKey : joined(utf8(`${name}\n`), Uint8Array.of(kind), publicKey);
  return { name, keyId: (await sha256(content)).subarray(0, KEY_ID_BYTES), type: kind, publicKey };
}

function goodPublicKey(kind, publicKey) {
  if (kind === ED25519 || kind === COSIGNATURE) return acceptableKey(publicKey);
  if (kind === MLDSA_COSIGNATURE) return publicKey.length === MLDSA44_KEY_BYTES;
  return kind === ECDSA && publicKey.length > 0; // named in other people's notes; we never verify with it
}

export async function parseKey(text, where = "") {
  const [, name, keyId, encoded] = /^([^+]*)\+?([^+]*)\+?([^]*)$/.exec(text);
  const content = parseBase64(encoded, where);
  if (!content.length) throw malformed("this is not a verifier key", where, "Write name+key ID+base64");
  const key = await makeKey(name, content[0], content.subarray(1), where);
  if (!same(parseHex(keyId, KEY_ID_BYTES, where), key.keyId)) {
    const hint = `If the key is right, its ID is ${hex(key.keyId)}`;
    throw malformed(`the key ID of ${quoted(name, 80)} is not that of its key`, where, hint);
  }
  return key;
}

export const printKey = (key) =>
  `${key.name}+${hex(key.keyId)}+${printBase64(joined(Uint8Array.of(key.type), key.publicKey))}`;

export function parseNote(bytes, where = "") {
  const whole = (bytes.length <= NOTE_BYTES && textOf(bytes)) || "";
  const blank = whole.lastIndexOf("\n\n");
  const lines = whole.slice(blank + 2);
  if (blank < 0 || !lines.endsWith("\n") || CONTROL.test(whole)) {
    throw malformed("this is not a signed note", where, "Write a text, a blank line, signature lines");
  }
  const signatures = lines.slice(0, -1).split("\n").map((line) => parseLine(line, where));
  if (signatures.length > MAX_SIGNATURES) {
    const hint = "Keep those of the log and of the policy's witnesses";
    throw malformed(`this note has more than ${MAX_SIGNATURES} signatures`, where, hint);
  }
  return { text: `${whole.slice(0, blank)}\n`, signatures };
}

function parseLine(line, where) {
  const found = LINE.exec(line);
  const value = found ? parseBase64(found[2], where) : new Uint8Array();
  if (!found || value.length <= KEY_ID_BYTES) {
    throw malformed(`${quoted(line, 80)} is not a signature line`, where, "Write `— name base64` with LF");
  }
  return { name: found[1], keyId: value.subarray(0, KEY_ID_BYTES), blob: value.subarray(KEY_ID_BYTES) };
}

export const isBy = (line, key) => line.name === key.name && same(line.keyId, key.keyId);
export const linesOf = (note, key) => note.signatures.filter((line) => isBy(line, key));

export const badSignature = (key, where) =>
  disproved(
    `the signature of ${key.name} fails`, where,
    "Keep it: either it was altered on its way, or its key is not what you hold",
  );

// Keys that sign the text itself (type 01): every line of each verifies.
export async function requireSigned(note, keys, where = "") {
  for (const key of keys) {
    for (const line of linesOf(note, key)) {
      if (!(await verifyEd25519(key.publicKey, utf8(note.text), line.blob))) throw badSignature(key, where);
    }
  }
}

export function parseCheckpoint(text, where = "") {
  const lines = text.split("\n");
  if (lines.length < 4 || lines.pop() || !lines.every(Boolean)) {
    throw malformed("this is not a head of a log", where, "Write origin, size and root, one a line");
  }
  const root = parseBase64(lines[2], where);
  if (root.length !== HASH_BYTES) {
    throw malformed(`a root of ${root.length} bytes`, where, "Write 32 bytes in base64");
  }
  return { origin: lines[0], size: parseDecimal(lines[1], where), root, extensions: lines.slice(3) };
}

// The time that stands in a line, unverified; null where the line has not the length of a cosignature.
export function claimedTime(line) {
  if (![TIME_BYTES + 64, TIME_BYTES + MLDSA44_SIGNATURE_BYTES].includes(line.blob.length)) return null;
  const time = BigInt(`0x${hex(line.blob.subarray(0, TIME_BYTES))}`);
  return time <= MAX_TIME ? time : null;
}

function eight(number) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, number);
  return bytes;
}

function short(name) {
  const encoded = utf8(name);
  if (encoded.length > MAX_NAME_BYTES) {
    throw malformed(`${quoted(name, 80)}… is too long`, "", "Use a name below 256 bytes");
  }
  return joined(Uint8Array.of(encoded.length), encoded);
}

export const ed25519Message = (text, time) => utf8(`cosignature/v1\ntime ${time}\n${text}`);

export const subtreeMessage = ({ cosigner, time, origin, start, end, root }) =>
  joined(bytesOfLatin1("subtree/v1\n\0"), short(cosigner), eight(time), short(origin), eight(start), eight(end), root);

// The time of a cosignature, and whether it verifies: true, or null where this browser cannot tell.
export async function verifyCosignature(text, key, line, where = "") {
  const time = claimedTime(line);
  if (time === null || !isBy(line, key)) throw badSignature(key, where);
  const signature = line.blob.subarray(TIME_BYTES);
  let good;
  if (key.type === COSIGNATURE) {
    good = await verifyEd25519(key.publicKey, ed25519Message(text, time), signature);
  } else {
    const { origin, size, root } = parseCheckpoint(text);
    const message = subtreeMessage({ cosigner: key.name, time, origin, start: 0n, end: size, root });
    good = await verifyMldsa44(key.publicKey, message, signature);
  }
  if (good === false) throw badSignature(key, where);
  return { time, good };
}

// Of these keys: `times`, when each cosigned (its earliest time; 0 does not count); `unchecked`, those whose
// lines this browser cannot check. Every line of a known key that it can check must verify.
export async function cosignedBy(note, keys, where = "") {
  const times = new Map();
  const unchecked = [];
  for (const key of keys) {
    const found = [];
    for (const line of linesOf(note, key)) found.push(await verifyCosignature(note.text, key, line, where));
    if (found.some(({ good }) => good === null)) unchecked.push(key);
    const counted = found.filter(({ good, time }) => good && time > 0n).map(({ time }) => time);
    if (counted.length) times.set(key, counted.reduce((one, other) => (one < other ? one : other)));
  }
  return { times, unchecked };
}
