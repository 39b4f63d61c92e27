// The record, its disclosures, the key that signed it: core/record/entry, disclosure, signature.

import {
  bytesOfLatin1, canonical, decodeBase64url, fault, hex, isObject, latin1, Malformed, malformed, parseCanonical,
  printBase64url, sha256, textOf, utf8,
} from "./kernel.js";
import { KINDS, UNKNOWN_KIND } from "./kinds.js";
import { leafHash } from "./receipt.js";
import { isClear, SCHEMA } from "./schema.js";
import { acceptableKey, verifyEd25519 } from "./signature.js";

const RECORD_BYTES = 60 * 1024;
const TYP = "safeconduct-record+sd-jwt";
const BEFORE_KID = '{"alg":"Ed25519","kid":"';
const AFTER_KID = `","typ":"${TYP}"}`;
const SALT_BYTES = 16;

// The rules of core/record/entry, in their order.
export async function parseEntry(bytes, where = "") {
  if (bytes.length > RECORD_BYTES) { // 1
    const hint = `Keep a record below ${RECORD_BYTES} bytes: simplify the line, shorten the list`;
    throw malformed("this record is too long", where, hint, "record.too_long");
  }
  const parts = latin1(bytes).split(".");
  const signature = parts.length === 3 ? decodeBase64url(parts[2]) : null;
  const body = signature && decodeBase64url(parts[1]);
  if (!body || signature.length !== 64) { // 2
    const hint = "Write header.payload.signature, each part unpadded canonical base64url";
    throw malformed("this is not a compact JWS", where, hint, "record.spelling");
  }
  const kid = kidOf(parts[0]);
  if (kid === null) { // 3
    const hint = `Write {"alg":"Ed25519","kid":"…","typ":"${TYP}"} and nothing else`;
    throw malformed("the header has another form", where, hint, "record.header");
  }
  const payload = parsePayload(body, where);
  const faults = faultsOf(payload, `${where} $`.trimStart());
  if (faults.length) throw new Malformed(faults);
  const signed = bytesOfLatin1(`${parts[0]}.${parts[1]}`);
  return { bytes, kid, payload, signed, signature, leaf: hex(await leafHash(bytes)) };
}

// The encoded header of a key's records.
export const headerOf = (kid) => printBase64url(utf8(`${BEFORE_KID}${kid}${AFTER_KID}`));

function kidOf(header) {
  const decoded = decodeBase64url(header);
  const text = decoded && latin1(decoded);
  if (!text?.startsWith(BEFORE_KID) || !text.endsWith(AFTER_KID)) return null;
  const kid = text.slice(BEFORE_KID.length, -AFTER_KID.length);
  return text.length === BEFORE_KID.length + kid.length + AFTER_KID.length && decodeBase64url(kid)?.length === 32
    ? kid : null;
}

function parsePayload(body, where) {
  let payload;
  try {
    payload = parseCanonical(body, where); // 4
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new Malformed(error.faults.map((one) => ({ ...one, rule: "record.spelling" })));
  }
  if (!isObject(payload)) throw malformed("the payload is not an object", where, "Write an object", SCHEMA);
  return payload;
}

function faultsOf(payload, top) {
  const form = Object.hasOwn(KINDS, payload.evt) ? KINDS[payload.evt] : UNKNOWN_KIND;
  if (!form.holds(payload)) return form.faults(payload, top); // 5
  const faults = [];
  if (Object.hasOwn(payload, "at") !== Object.hasOwn(payload, "via")) { // 6
    faults.push(fault("at and via stand together", top, "Write both or neither", SCHEMA));
  }
  if (!payload.prev && payload.seq) { // 6
    faults.push(fault("only a key's first record has no prev", `${top}.prev`, "Name the previous leaf", SCHEMA));
  }
  const digests = privateFieldsOf(payload).map(({ digest }) => digest);
  if (new Set(digests).size < digests.length) { // 7
    faults.push(fault("two fields have one digest", top, "Draw a new salt for each field", "private.repeated_digest"));
  }
  return faults;
}

// Each private field of a well-formed payload: the top ones, then line by line.
export function privateFieldsOf(payload) {
  const of = (members, line) => Object.entries(members)
    .filter(([, value]) => isObject(value) && Object.hasOwn(value, "_sd"))
    .map(([name, value]) => ({ line, name, digest: value._sd[0] }));
  const lines = payload.lines ?? [];
  return [...of(payload, null), ...lines.flatMap((members, line) => of(members, line))];
}

export function parseDisclosure(text, where = "") {
  const bytes = decodeBase64url(text);
  let parts = null;
  try {
    parts = bytes && parseCanonical(bytes);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
  }
  const spelled = Array.isArray(parts) && parts.length === 3 && parts[1] === "value" && isClear(parts[2]);
  const salt = spelled && typeof parts[0] === "string" ? decodeBase64url(parts[0]) : null;
  if (salt?.length !== SALT_BYTES) {
    const hint = 'Write base64url of ["salt","value",v] in JCS, the salt 16 bytes, v without digests';
    throw malformed("this is not a disclosure", where, hint, "disclosures.spelling");
  }
  return { value: parts[2] };
}

// The private value that a disclosure opens, with its field.
export async function reveal(payload, text, where = "") {
  const { value } = parseDisclosure(text, where);
  const digest = printBase64url(await sha256(utf8(text)));
  const field = privateFieldsOf(payload).find((one) => one.digest === digest);
  if (!field) {
    const hint = "Ask its sender for the value that was signed";
    throw malformed("a disclosure belongs to no field here", where, hint, "disclosures.false");
  }
  return { ...field, value };
}

export const verifyEntry = (entry, publicKey) => verifyEd25519(publicKey, entry.signed, entry.signature);

export const jwkOf = (publicKey) => ({ crv: "Ed25519", kty: "OKP", x: printBase64url(publicKey) });
export const thumbprint = async (publicKey) => printBase64url(await sha256(utf8(canonical(jwkOf(publicKey)))));

export function publicKeyOf(jwk) {
  const key = typeof jwk?.x === "string" ? decodeBase64url(jwk.x) : null;
  return key?.length === 32 && acceptableKey(key) ? key : null;
}

// The public keys in a record that enrols some, or in a JWK; whether one of them is the right one, its kid says.
export async function keysIn(bytes, where = "") {
  const text = (textOf(bytes) ?? "").trim();
  const keys = (text.startsWith("{") ? [jwkIn(text, where)] : jwksOf((await parseEntry(utf8(text), where)).payload))
    .map(publicKeyOf).filter(Boolean);
  if (!keys.length) {
    throw malformed("there is no key here", where, "Give a public key (.pub), or the record that enrolled it");
  }
  return keys;
}

function jwkIn(text, where) {
  try {
    const jwk = JSON.parse(text);
    if (jwk.kty === "OKP" && jwk.crv === "Ed25519") return jwk;
  } catch { /* the same answer */ }
  throw malformed("this is not an Ed25519 key in JWK form", where, "Give the file that ends in .pub");
}

export function jwksOf(payload) {
  if (payload.evt === "key") return [payload.cnf.jwk];
  if (payload.evt !== "founding" && payload.evt !== "succession") return [];
  return [payload.service.jwk, ...payload.seats.map(({ jwk }) => jwk).filter(Boolean)];
}

