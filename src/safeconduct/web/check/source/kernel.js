// Errors, and one spelling for what is signed: core/kernel/errors, spelling, canonical, instant. Every reader
// refuses what its printer would not have written; a test holds each verdict to that of the Python.

export class Refusal extends Error {
  constructor(faults) {
    super(faults.map(sentences).join("\n"));
    this.faults = faults;
  }
  get rule() {
    return this.faults[0].rule;
  }
}
export class Malformed extends Refusal {} // it is not what the format says
export class Disproved extends Refusal {} // a signature or a proof fails
export class Unable extends Error {} // a signature of a kind that this browser does not know

export const fault = (message, where = "", step = "", rule = "") => ({ message, where, step, rule });
export const malformed = (...parts) => new Malformed([fault(...parts)]);
export const disproved = (...parts) => new Disproved([fault(...parts)]);

const sentence = (text) => (/[.?!]$/.test(text) ? text : `${text}.`);
export const sentences = ({ message, where, step }) =>
  `${where ? `${where}: ` : ""}${sentence(message)}${step ? ` ${sentence(step)}` : ""}`;

// As Python's repr of a string, cut by code points.
export function quoted(text, most = Infinity) {
  const shown = most === Infinity ? text : [...text].slice(0, most).join("");
  const mark = shown.includes("'") && !shown.includes('"') ? '"' : "'";
  const letters = [...shown].map((letter) => {
    if (letter === mark || letter === "\\") return `\\${letter}`;
    if (letter === "\n") return "\\n";
    if (letter === "\r") return "\\r";
    if (letter === "\t") return "\\t";
    if (letter === " " || !/[\p{C}\p{Z}]/u.test(letter)) return letter;
    const code = letter.codePointAt(0);
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
  });
  return mark + letters.join("") + mark;
}

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
export const utf8 = (text) => encoder.encode(text);

// The text that bytes spell in UTF-8, or null. A byte order mark stays, and is refused by whoever reads on.
export function textOf(bytes) {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return null;
  }
}

export function latin1(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

export function bytesOfLatin1(text) {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function hex(bytes) {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

export const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);

export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

export function parseDecimal(text, where = "") {
  if (!/^(?:0|[1-9][0-9]*)$/.test(text) || text.length > 19 || BigInt(text) >= 1n << 63n) {
    throw malformed(`${quoted(text, 40)} is not a number`, where, "Write digits only, without leading zeros");
  }
  return BigInt(text);
}

export function parseHex(text, length, where = "") {
  if (text.length !== 2 * length || !/^[0-9a-f]*$/.test(text)) {
    throw malformed(`${quoted(text, 80)} is not ${length} bytes in hexadecimal`, where, `Write ${2 * length} of 0-9a-f`);
  }
  return Uint8Array.from(text.match(/../g), (two) => parseInt(two, 16));
}

export const printBase64 = (bytes) => btoa(latin1(bytes));
export const printBase64url = (bytes) =>
  printBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

// Decoded, encoded again, compared: what is left of a decoder's freedom ends there.
export function decodeBase64(text) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4) return null;
  const bytes = bytesOfLatin1(atob(text));
  return printBase64(bytes) === text ? bytes : null;
}

export function parseBase64(text, where = "") {
  const bytes = decodeBase64(text);
  if (bytes === null) throw malformed("this is not canonical base64", where, "Write standard base64 with padding");
  return bytes;
}

export function decodeBase64url(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null;
  const padding = "=".repeat((4 - (text.length % 4)) % 4);
  return decodeBase64(text.replaceAll("-", "+").replaceAll("_", "/") + padding);
}

// RFC 8785 as JavaScript has it: names sorted by UTF-16 units, strings and integers as JSON.stringify prints them.
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (isObject(value)) {
    const members = Object.keys(value).sort();
    return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

const MAX_DEPTH = 32;
const AGAIN = "Write each name once, in order, without white space or needless escapes (RFC 8785)";

export function parseCanonical(bytes, where = "") {
  const text = textOf(bytes);
  let value;
  try {
    if (text === null) throw new SyntaxError("not UTF-8");
    value = JSON.parse(text);
  } catch {
    throw malformed("this is not JSON in UTF-8", where, "Write JSON as in RFC 8785");
  }
  walk(value, 0, where);
  if (canonical(value) !== text) throw malformed("printed back, this JSON differs", where, AGAIN);
  return value;
}

function walk(value, above, where) {
  if (typeof value === "number") checkInteger(value, where);
  if (typeof value === "string") checkString(value, where);
  if (typeof value !== "object" || value === null) return;
  if (above >= MAX_DEPTH) throw malformed("the nesting is too deep", where, `Nest at most ${MAX_DEPTH} levels`);
  if (!Array.isArray(value)) Object.keys(value).forEach((name) => checkString(name, where));
  Object.values(value).forEach((member) => walk(member, above + 1, where));
}

function checkInteger(value, where) {
  if (!Number.isInteger(value)) {
    throw malformed(`${value} is not an integer`, where, "Write integers only, in the unit's smallest part");
  }
  if (!Number.isSafeInteger(value)) throw malformed("an integer is too large", where, "Keep below 2**53");
}

// core/kernel/letters: what Unicode 14.0 did not have. Every browser with Ed25519 has it, and of its letters no later
// version changes NFC.
const NEWER = new RegExp(`[${"{{ unassigned }}".replace(/[0-9A-F]+/g, "\\u{$&}").replaceAll(" ", "")}]`, "u");

function checkString(text, where) {
  if (!text.isWellFormed()) throw malformed("a string holds half a character", where, "Remove the lone surrogate");
  const newer = NEWER.exec(text);
  if (newer) {
    const point = newer[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    throw malformed(`U+${point} is not in Unicode 14.0`, where, "Write letters that are");
  }
  if (text.normalize("NFC") !== text) throw malformed("a string is not in NFC", where, "Normalise it to Unicode NFC");
}

const FIRST_SECOND = -62135596800n; // 0001-01-01T00:00:00Z
const LAST_SECOND = 253402300799n; // 9999-12-31T23:59:59Z

// 2026-03-01T06:10:00Z; outside the years 1 to 9999 the bare seconds.
export function printInstant(seconds) {
  const whole = BigInt(seconds);
  if (whole < FIRST_SECOND || whole > LAST_SECOND) return `${whole} s`;
  return new Date(Number(whole) * 1000).toISOString().replace(/\.000Z$/, "Z");
}
