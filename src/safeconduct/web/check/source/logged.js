// Records that a log holds, and the key that signed them, each with its way to one signed head: verify/evidence/logged.

import { decodeBase64url, disproved, hex, isObject, latin1, malformed, parseCanonical, sha256, utf8 } from "./kernel.js";
import { Members } from "./members.js";
import { leafHash, verifyInclusion } from "./receipt.js";
import { headerOf, parseEntry, publicKeyOf, thumbprint } from "./record.js";
import { verifyEd25519 } from "./signature.js";

const SERVICE_HOLDER = "log/service";

export function readLogged(value, where) {
  const members = Members.of(value, ["index", "proof", "record"], where);
  return { record: members.ascii("record"), index: members.number("index"), proof: members.hashes("proof") };
}

export const checkLogged = async ({ record, index, proof }, { head }) =>
  verifyInclusion(await leafHash(record), { index, size: head.size, proof, root: head.root });

// The key of this name in a record that enrols some: a `key` record, or entry 0.
export async function enrolledIn(logged, kid, where) {
  const { payload, bytes } = await parseEntry(logged.record, where);
  const cor = payload.cor || hex(await sha256(bytes));
  for (const [jwk, holder] of enrolledBy(payload, logged.index)) {
    const publicKey = publicKeyOf(jwk);
    if (!publicKey) throw malformed("this key is not acceptable", where, "Make a new key pair");
    if ((await thumbprint(publicKey)) === kid) return { publicKey, kid, holder, entry: logged.index, cor };
  }
  throw disproved(`this record enrols no key ${kid}`, where, "Name the one that does");
}

function enrolledBy(payload, index) {
  if (payload.evt === "key") return [[payload.cnf.jwk, payload.holder]];
  if ((payload.evt !== "founding" && payload.evt !== "succession") || index) return [];
  const roots = payload.seats.filter(({ jwk }) => jwk).map(({ jwk, seat }) => [jwk, `${seat}/root`]);
  return [...roots, [payload.service.jwk, SERVICE_HOLDER]];
}

// What a key signed, whatever it says: three parts, each in its one spelling.
export function signedIn(record, where) {
  const parts = latin1(record).split(".");
  const decoded = parts.map(decodeBase64url);
  if (parts.length !== 3 || !decoded[0] || !decoded[1] || decoded[2]?.length !== 64) {
    throw malformed("this is not a compact JWS", where, "Give a record in its own bytes");
  }
  const [header, payload] = decoded.slice(0, 2).map((part) => parseCanonical(part, where));
  const kid = isObject(header) ? header.kid : null;
  if (typeof kid !== "string" || headerOf(kid) !== parts[0] || !isObject(payload)) {
    throw malformed("this is not a record, even a wrong one", where, "See docs/spec/record.md");
  }
  return { kid, payload, message: utf8(`${parts[0]}.${parts[1]}`), signature: decoded[2] };
}

export async function checkSigned(signed, key, where) {
  if (signed.kid !== key.kid || !(await verifyEd25519(key.publicKey, signed.message, signed.signature))) {
    throw disproved("this key did not sign it", where, "Keep it: it was altered on its way");
  }
}
