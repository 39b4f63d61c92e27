// Receipts and the way to the root: core/tlog/receipt, tree (C2SP tlog-proof, RFC 9162 §2.1).

import { bytesOfLatin1, disproved, joined, latin1, malformed, parseBase64, parseDecimal, same, sha256 } from "./kernel.js";
import { parseNote } from "./note.js";

export const RECEIPT_HEADER = "c2sp.org/tlog-proof@v1";
const MAX_PROOF = 63;
const RECEIPT_BYTES = 1024 * 1024;
const AGAIN_RECEIPT = "Ask for the receipt again, from the log that gave it";
export const SHOW = "Keep what you were shown: either it was altered on its way, or the log changed its past";

export const leafHash = (entry) => sha256(joined(Uint8Array.of(0), entry));
export const nodeHash = (left, right) => sha256(joined(Uint8Array.of(1), left, right));

export function parseReceipt(bytes, where = "") {
  const whole = bytes.length <= RECEIPT_BYTES ? latin1(bytes) : "";
  const blank = whole.indexOf("\n\n");
  const lines = whole.slice(0, Math.max(blank, 0)).replace(/[\x80-\xff]/g, "\ufffd").split("\n");
  if (blank < 0 || lines[0] !== RECEIPT_HEADER) {
    throw malformed("this is not a receipt", where, `Its first line is ${RECEIPT_HEADER}`);
  }
  const rest = lines.slice(1);
  const extra = rest[0]?.startsWith("extra ") ? parseBase64(rest.shift().slice(6), where) : null;
  if (!rest[0]?.startsWith("index ") || rest.length > 1 + MAX_PROOF) {
    throw malformed("this receipt has no index, or too many hashes", where, AGAIN_RECEIPT);
  }
  const index = parseDecimal(rest[0].slice(6), where);
  const proof = rest.slice(1).map((line) => parseBase64(line, where));
  if (proof.some((step) => step.length !== 32)) {
    throw malformed("a hash of this receipt is not 32 bytes", where, AGAIN_RECEIPT);
  }
  return { index, proof, extra, note: parseNote(bytesOfLatin1(whole.slice(blank + 2)), where) };
}

// RFC 9162 §2.1.3.2: the leaf hash stands at `index` in the tree of `size` leaves with this root.
export async function verifyInclusion(leaf, { index, size, proof, root }, where = "") {
  if (index < 0n || index >= size) {
    throw disproved(`entry ${index} is not in a log of ${size} entries`, where, SHOW);
  }
  if ([leaf, ...proof].some((hash) => hash.length !== 32)) {
    throw disproved("a hash of the proof is not 32 bytes", where, SHOW);
  }
  let [first, last, found] = [index, size - 1n, leaf];
  for (const step of proof) {
    if (last === 0n) throw disproved("the inclusion proof is too long", where, SHOW);
    if (first & 1n || first === last) {
      found = await nodeHash(step, found);
      while (!(first & 1n) && first) {
        first >>= 1n;
        last >>= 1n;
      }
    } else {
      found = await nodeHash(found, step);
    }
    first >>= 1n;
    last >>= 1n;
  }
  if (last || !same(found, root)) {
    throw disproved(`the inclusion proof of entry ${index} does not lead to the root`, where, SHOW);
  }
}
