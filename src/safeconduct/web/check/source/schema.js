// The shapes that claims have, and how a payload's faults are told: core/record/schema.

import { fault, isObject } from "./kernel.js";

export const SCHEMA = "record.schema";
const TWO_DIGESTS = "private.two_digests";
// SD-JWT's own names: an SD-JWT tool would open them wherever they stand, and we never look there.
const RESERVED = ["_sd", "_sd_alg", "..."];

const otherForm = (where, words) => fault("this claim has another form", where, `Write ${words}`, SCHEMA);

// A shape is a test, the words that complete "Write …", and what is wrong with a value that does not hold.
const shape = (words, holds, faults = (_value, where) => [otherForm(where, words)]) =>
  ({ words, holds, faults, optional: false });
export const optional = (one) => ({ ...one, optional: true });

const pattern = (words, regex) => shape(words, (value) => typeof value === "string" && regex.test(value));
export const oneOf = (...words) => shape(`one of ${words.join(", ")}`, (value) => words.includes(value));
export const exactly = (expected, words = `'${expected}'`) => shape(words, (value) => value === expected);
export const integer = (words, least = -Infinity) =>
  shape(words, (value) => typeof value === "number" && value >= least);
export const custom = shape;

export function listOf(words, element, { least = 0, distinct = false } = {}) {
  const right = (value) => Array.isArray(value) && value.length >= least;
  const twice = (value) => distinct && new Set(value).size < value.length;
  const holds = (value) => right(value) && value.every(element.holds) && !twice(value);
  return shape(words, holds, (value, where) => {
    if (!right(value)) return [otherForm(where, words)];
    const wrong = [...value.entries()].filter(([, one]) => !element.holds(one));
    if (wrong.length) return wrong.flatMap(([at, one]) => element.faults(one, `${where}[${at}]`));
    return [fault("an element stands twice", where, "Write each once", SCHEMA)];
  });
}

// The members of an object. An open one, as a payload and its lines are, keeps what it does not know.
export function form(words, shapes, isOpen) {
  const holds = (name, value) => {
    if (Object.hasOwn(shapes, name)) return shapes[name].holds(value);
    return isOpen && !RESERVED.includes(name) && hidesNothing(value);
  };
  const missing = (value) =>
    Object.keys(shapes).filter((name) => !shapes[name].optional && !Object.hasOwn(value, name)).sort();
  const wrong = (value) => Object.keys(value).sort().filter((name) => !holds(name, value[name]));
  const faults = (value, where) => {
    if (!isObject(value)) return [otherForm(where, words)];
    const told = wrong(value).flatMap((name) => {
      if (Object.hasOwn(shapes, name)) return shapes[name].faults(value[name], `${where}.${name}`);
      if (isOpen) return hidden(name, value[name], `${where}.${name}`);
      return [fault("this member is not known here", `${where}.${name}`, "Remove it", SCHEMA)];
    });
    const absent = missing(value).map((name) =>
      fault("this claim is missing", `${where}.${name}`, `Write ${shapes[name].words}`, SCHEMA));
    return [...told, ...absent];
  };
  const allHold = (value) => isObject(value) && !wrong(value).length && !missing(value).length;
  return { ...shape(words, allHold, faults), shapes };
}

export const closed = (words, shapes) => form(words, shapes, false);
export const linesOfShape = (words, shapes) => listOf(words, form("an object", shapes, true));

const hidesNothing = (value) => isPrivate(value) || isClear(value);

// Whether an SD-JWT tool would open nothing in this value.
export function isClear(value) {
  if (typeof value !== "object" || value === null) return true;
  if (!Array.isArray(value) && RESERVED.some((name) => Object.hasOwn(value, name))) return false;
  return Object.values(value).every(isClear);
}

function hidden(name, value, where) {
  if (!RESERVED.includes(name) && isObject(value) && Object.hasOwn(value, "_sd")) return PRIVATE.faults(value, where);
  const hint = "Keep private fields at the top level or in an element of lines";
  return [fault("something private stands where nothing private may", where, hint, SCHEMA)];
}

const DIGEST_FORM = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

const isPrivate = (value) =>
  isObject(value) && Object.keys(value).length === 1 && Array.isArray(value._sd) && value._sd.length === 1 &&
  typeof value._sd[0] === "string" && DIGEST_FORM.test(value._sd[0]);

function explainPrivate(value, where) {
  const hint = 'Write {"_sd":["…"]} with one digest';
  if (isObject(value) && Array.isArray(value._sd) && value._sd.length > 1) {
    return [fault("one field has several digests", where, hint, TWO_DIGESTS)];
  }
  return [fault("this is not a private field", where, hint, SCHEMA)];
}

export const PRIVATE = shape('a private field {"_sd":["…"]}', isPrivate, explainPrivate);
export const IDENTIFIER = pattern("an identifier of a-z, 0-9 and hyphens", /^[a-z0-9-]{1,64}$/);
export const ISSUER =
  pattern("<post or organisation>/<role> in a-z, 0-9 and hyphens", /^[a-z0-9-]{1,64}\/[a-z0-9-]{1,64}$/);
export const CODE = pattern(
  "a code of a-z and 0-9 with single dots, hyphens or underscores",
  /^(?=.{1,64}$)[a-z0-9]+(?:[._-][a-z0-9]+)*$/,
);
export const LEAF = pattern("a leaf: 64 of 0-9a-f", /^[0-9a-f]{64}$/);
export const LEAF_OR_NONE = pattern('a leaf: 64 of 0-9a-f, or ""', /^(?:[0-9a-f]{64})?$/);
export const SHA256 = pattern("a SHA-256: 64 of 0-9a-f", /^[0-9a-f]{64}$/);
export const TAG = pattern("an equality tag: 32 of 0-9a-f", /^[0-9a-f]{32}$/);
export const PASSAGE = pattern("16 random bytes: 32 of 0-9a-f", /^[0-9a-f]{32}$/);
export const DIGEST = pattern("a digest: 43 characters of base64url", DIGEST_FORM);
export const KID = pattern("a key's thumbprint: 43 characters of base64url", DIGEST_FORM);
export const SIGNATURE = pattern("an Ed25519 signature: 86 characters of base64url", /^[A-Za-z0-9_-]{85}[AQgw]$/);
export const UUID7 = pattern(
  "a UUID of version 7 in lower case",
  /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
);
export const VKEY = pattern(
  "a verifier key: name+key ID+base64",
  /^[!-*,-~]{1,255}\+[0-9a-f]{8}\+[A-Za-z0-9+/]+={0,2}$/,
);
export const ORIGIN = pattern(
  "a URL without its scheme",
  /^(?=.{1,255}$)[a-z0-9.-]+(?::[0-9]+)?(?:\/[A-Za-z0-9._~-]+)*$/,
);
export const PLACE = pattern("a UN/LOCODE or an identifier", /^(?:[A-Z]{2}[A-Z0-9]{3}|[a-z0-9-]{1,64})$/);
export const COUNTRY = pattern("two capital letters (ISO 3166-1)", /^[A-Z]{2}$/);
export const IMO = pattern("seven digits", /^[0-9]{7}$/);
export const HEADING = pattern("2, 4, 6, 8 or 10 digits of the HS, or none", /^(?:(?:[0-9]{2}){1,5}|none)$/);
export const UNIT = pattern("a code of UN/ECE Recommendation 20", /^[A-Z0-9]{2,3}$/);
export const INSTANT = integer("whole seconds since 1970-01-01 UTC");
export const COUNT = integer("a whole number from 0", 0);
export const POSITIVE = integer("a whole number from 1", 1);
export const PROSE = shape("a text", (value) => typeof value === "string" && value !== "");
export const TRUE = exactly(true, "True");
export const EVT = pattern("a kind", /^[a-z0-9-]{1,64}$/);
export const JWK = shape(
  'an Ed25519 key {"crv":"Ed25519","kty":"OKP","x":"…"}',
  (value) => isObject(value) && Object.keys(value).sort().join() === "crv,kty,x" &&
    value.crv === "Ed25519" && value.kty === "OKP" && DIGEST.holds(value.x),
);
