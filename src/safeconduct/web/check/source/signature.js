// Is this signature one that every verifier accepts? core/tlog/signature: our rule on the bytes, before WebCrypto.
//  1. The key is 32 bytes: the canonical encoding of a point of the curve that is not of low order.
//  2. The signature is 64 bytes: R, then S with S < L (the group order).
//  3. R is canonical and not of low order.
//  4. The cofactorless equation holds: WebCrypto.

import { hex } from "./kernel.js";

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const WITHOUT_SIGN = 2n ** 255n - 1n;
const D = modulo(-121665n * power(121666n, P - 2n));
const ORDER_8_Y = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;
// The y of the eight points of order 1, 2, 4 and 8, whatever the sign bit says.
const LOW_ORDER_Y = new Set([0n, 1n, P - 1n, ORDER_8_Y, P - ORDER_8_Y]);

export const MLDSA44_KEY_BYTES = 1312;
export const MLDSA44_SIGNATURE_BYTES = 2420;

function modulo(number) {
  const rest = number % P;
  return rest < 0n ? rest + P : rest;
}

function power(base, exponent) {
  let [found, square] = [1n, modulo(base)];
  for (let left = exponent; left; left >>= 1n) {
    if (left & 1n) found = (found * square) % P;
    square = (square * square) % P;
  }
  return found;
}

const little = (bytes) => BigInt(`0x${hex(Uint8Array.from(bytes).reverse())}`);

// Whether y is reduced and belongs to a point: x² = (y² - 1) / (dy² + 1) is a square.
function isPoint(y) {
  if (y >= P) return false;
  return power(modulo((y * y - 1n) * (D * y * y + 1n)), (P - 1n) / 2n) === 1n;
}

const judged = new Map(); // a log has few keys and many signatures

export function acceptableKey(key) { // 1
  const name = hex(key);
  if (!judged.has(name)) {
    const y = key.length === 32 ? little(key) & WITHOUT_SIGN : P;
    judged.set(name, !LOW_ORDER_Y.has(y) && isPoint(y));
  }
  return judged.get(name);
}

export async function verifyEd25519(key, message, signature) {
  if (!acceptableKey(key) || signature.length !== 64) return false;
  if (little(signature.subarray(32)) >= L) return false; // 2
  const y = little(signature.subarray(0, 32)) & WITHOUT_SIGN;
  if (y >= P || LOW_ORDER_Y.has(y)) return false; // 3
  const held = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "Ed25519" }, held, signature, message); // 4
}

// true, false, or null where this browser has no ML-DSA: few have yet.
export async function verifyMldsa44(key, message, signature) {
  if (key.length !== MLDSA44_KEY_BYTES || signature.length !== MLDSA44_SIGNATURE_BYTES) return false;
  try {
    const held = await crypto.subtle.importKey("raw-public", key, { name: "ML-DSA-44" }, false, ["verify"]);
    return await crypto.subtle.verify({ name: "ML-DSA-44" }, held, signature, message);
  } catch {
    return null;
  }
}

// Whether this browser, at this address, can check an Ed25519 signature at all.
export async function canCheck() {
  try {
    const point = Uint8Array.from([0x58, ...Array(31).fill(0x66)]); // the base point
    await crypto.subtle.importKey("raw", point, { name: "Ed25519" }, false, ["verify"]);
    return true;
  } catch {
    return false;
  }
}
