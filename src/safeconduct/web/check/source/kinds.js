// The kinds of records: core/record/kinds, in its order. A table, and long as such.

import {
  closed, CODE, COUNT, COUNTRY, custom, DIGEST, EVT, exactly, form, HEADING, IDENTIFIER, IMO, INSTANT, ISSUER, JWK,
  KID, LEAF, LEAF_OR_NONE, linesOfShape, listOf, oneOf, optional, ORIGIN, PASSAGE, PLACE, POSITIVE, PRIVATE, PROSE,
  SHA256, SIGNATURE, TAG, TRUE, UNIT, UUID7, VKEY,
} from "./schema.js";

const SPAN = closed('{"from":…,"until":…} in whole seconds', { from: INSTANT, until: INSTANT });
const INSTANT_OR_SPAN = custom(
  'whole seconds, or {"from":…,"until":…} in that order',
  (value) => typeof value === "number" || (SPAN.holds(value) && value.from <= value.until),
);
const ABSENT = { ...custom("nothing: leave it out", () => false), optional: true };
const ZERO = exactly(0, "0");
const ONE = exactly(1, "1");

const SEEN = closed('{"root":…,"size":…}', { root: SHA256, size: POSITIVE });

const ENVELOPE = {
  _sd_alg: exactly("sha-256"),
  agr: POSITIVE,
  at: optional(INSTANT_OR_SPAN),
  cor: SHA256,
  corrects: optional(LEAF),
  evt: EVT,
  iat: INSTANT,
  iss: ISSUER,
  jti: UUID7,
  lines: optional(linesOfShape("an array of objects", {})),
  prev: LEAF_OR_NONE,
  psg: optional(PASSAGE),
  seen: optional(SEEN),
  seq: COUNT,
  via: optional(oneOf("paper", "source")),
  withdraws: optional(LEAF),
};

const privateFields = (names) => Object.fromEntries(names.map((name) => [name, PRIVATE]));

export const UNKNOWN_KIND = form("a payload", ENVELOPE, true);
export const KINDS = {};

function define(name, clear, more = {}) {
  const shapes = { ...ENVELOPE, evt: exactly(name) };
  if (more.passage) shapes.psg = PASSAGE;
  Object.assign(shapes, more.envelope, clear, privateFields(more.hidden ?? []));
  if (more.line) {
    const lines = linesOfShape("an array of lines", { ...more.line, ...privateFields(more.lineHidden) });
    shapes.lines = more.linesOptional ? optional(lines) : lines;
  }
  KINDS[name] = form("a payload", shapes, true);
}

const LAST = closed('{"leaf":…,"seq":…}', { leaf: LEAF, seq: COUNT });
const REFUSED_LINE = closed("a line and the rule that refused it", { line: COUNT, rule: CODE });
const REASON = closed("a rule, and the line if it is one", { line: optional(COUNT), rule: CODE });
const CROSSING = {
  direction: IDENTIFIER,
  pass: optional(LEAF),
  people: optional(COUNT),
  plate_tag: optional(TAG),
  post: IDENTIFIER,
};
const STRETCH = closed('{"from":…,"to":…} of posts; one post stands twice', { from: IDENTIFIER, to: IDENTIFIER });
const COUNTED = closed('{"count":…,"kind":…}', { count: POSITIVE, kind: IDENTIFIER });
const COUNTS = custom(
  "an array of kinds and counts, each kind once, in the order of their names",
  (value) => Array.isArray(value) && value.length > 0 && value.every(COUNTED.holds) &&
    value.every((one, place) => place === 0 || value[place - 1].kind < one.kind),
);
const ARCHIVE = closed('{"holder":…,"place":…}', { holder: IDENTIFIER, place: optional(ORIGIN) });
const RUNS_ON = listOf("an array of codes", CODE, { distinct: true });
const SEAT = closed("a seat", {
  jwk: optional(JWK), role: oneOf("guarantor", "party", "observer"), seat: IDENTIFIER,
});
const FOUNDED = {
  agreement: PROSE,
  log: closed("the log's origin and key", { origin: ORIGIN, vkey: VKEY }),
  nature: oneOf("live", "simulated", "replay"),
  quorum: COUNT,
  route: PROSE,
  seats: listOf("an array of seats", SEAT, { least: 1 }),
  service: closed("the service's key", { jwk: JWK }),
  witnesses: listOf("an array of verifier keys", VKEY, { distinct: true }),
};
const ENTRY_0 = { prev: exactly(""), psg: ABSENT, seen: ABSENT, seq: ZERO };

define("founding", FOUNDED, { envelope: { ...ENTRY_0, agr: ONE, cor: ABSENT } });
define("succession", {
  ...FOUNDED,
  cause: CODE,
  consents: listOf("an array of consents", closed("a seat's consent", { seat: IDENTIFIER, signature: SIGNATURE })),
  kept: POSITIVE,
  note: PROSE,
  receipts: listOf("an array of leaves", LEAF, { distinct: true }),
}, { envelope: ENTRY_0 });
define("amendment", { agreement: PROSE, route: PROSE, version: POSITIVE });
define("closing", {
  archives: listOf("an array of archives", ARCHIVE, { least: 1 }),
  counts: COUNTS,
  reason: CODE,
  runs_on: RUNS_ON,
}, { hidden: ["words"], envelope: { seen: SEEN } });
define("consent", { of: LEAF, until: optional(INSTANT) });
define("refusal", { of: LEAF, reason: CODE });
define("lapse", { of: LEAF, runs_on: RUNS_ON }, { hidden: ["words"] });
define("key", {
  cnf: closed('{"jwk":…}', { jwk: JWK }), holder: ISSUER, proof: optional(SIGNATURE), replaces: optional(KID),
});
define("revocation", {
  kid: KID,
  last: custom('the last good {"leaf":…,"seq":…}, or null', (value) => value === null || LAST.holds(value)),
  reason: CODE,
});
define("head", { note: PROSE });
define("disclosure", {
  batches: listOf("an array of SHA-256", SHA256, { distinct: true }), digest: SHA256, reader: IDENTIFIER,
});
define("erasure", { digests: listOf("an array of digests", DIGEST, { least: 1, distinct: true }) });
define("erased", { of: LEAF });

define("offered", { leaf: LEAF });
define("countersign", { of: LEAF, verdict: oneOf("agrees", "refuses") }, { hidden: ["by", "words"] });
define("correction", { admits: optional(TRUE), of: LEAF }, { hidden: ["words"] });
define("withdrawal", { runs_on: optional(RUNS_ON) }, { hidden: ["words"], envelope: { withdraws: LEAF } });
define("watch-start", {
  kinds: listOf("an array of kinds", IDENTIFIER, { distinct: true }),
  post: IDENTIFIER,
  present: listOf("an array of seats", IDENTIFIER, { distinct: true }),
}, { hidden: ["by"] });
define("watch-end", { post: IDENTIFIER, start: LEAF }, { hidden: ["by"] });

define("declaration", {
  class: IDENTIFIER,
  departs_from: optional(PLACE),
  direction: IDENTIFIER,
  imo: optional(IMO),
  notice: optional(SPAN),
  people: optional(COUNT),
  plate_tag: optional(TAG),
  trip: oneOf("one-way", "round", "out", "back"),
  trip_tag: optional(TAG),
}, {
  hidden: ["driver", "name", "plate", "plate_key", "reason", "seal_key", "trip_key"],
  line: { hs: HEADING, quantity: COUNT, to: optional(COUNTRY), unit: UNIT },
  lineHidden: ["consignee", "consignor", "description", "vehicle_name"],
  passage: true,
});
define("acknowledgement", { of: LEAF }, { passage: true });
define("pass", {
  conditions: listOf("an array of codes", CODE, { distinct: true }),
  declaration: LEAF,
  digest: optional(SHA256),
  refused: listOf("an array of refused lines", REFUSED_LINE),
  valid_from: INSTANT,
  valid_until: INSTANT,
}, { hidden: ["plate_key", "seal_key"], passage: true });
define("pass-refusal", { declaration: LEAF, reasons: listOf("an array of reasons", REASON, { least: 1 }) },
  { passage: true });
define("pass-revocation", { pass: LEAF, reason: CODE }, { passage: true });
define("account", { post: IDENTIFIER, what: oneOf("arrived", "waited", "searched", "refused", "left") },
  { hidden: ["words"], passage: true });

define("restriction", {
  class: optional(IDENTIFIER),
  conditions: listOf("an array of codes", CODE, { distinct: true }),
  direction: optional(IDENTIFIER),
  from: INSTANT,
  ordered_by: optional(IDENTIFIER),
  reason: optional(CODE),
  state: oneOf("closed", "restricted", "open"),
  until: optional(INSTANT),
  where: optional(STRETCH),
}, { hidden: ["by", "words"] });

define("arrival", { ...CROSSING, class: IDENTIFIER },
  { hidden: ["by", "plate", "plate_key", "words"], passage: true });
define("inspection", {
  cause: oneOf("drawn", "owed", "risk-rule", "all-traffic", "suspicion", "not-recorded"),
  depth: oneOf("documentary", "visual", "non-intrusive", "full", "not-recorded"),
  post: IDENTIFIER,
}, {
  hidden: ["by", "words"],
  line: { line: COUNT, result: oneOf("match", "surplus", "shortage", "misdeclared", "prohibited") },
  lineHidden: ["remark"],
  linesOptional: true,
  passage: true,
});
define("seal", {
  act: oneOf("affixed", "found", "replaced", "removed"),
  condition: oneOf("intact", "broken", "missing", "wrong-number", "resealed"),
  post: IDENTIFIER,
  replaced_tag: optional(TAG),
  seal_tag: optional(TAG),
}, { hidden: ["by", "seal", "seal_key"], passage: true });
define("entered", CROSSING, { hidden: ["by", "plate", "plate_key"], passage: true });
define("exited", CROSSING, { hidden: ["by", "plate", "plate_key"], passage: true });
define("turned-back", { post: IDENTIFIER, reason: CODE }, { hidden: ["by", "words"], passage: true });
