"""The agreement room's rules by name.

`RULES` are about records, and audits report them; `FILE_RULES` are about the two files and the founding.
"""

from __future__ import annotations

from safeconduct.core.record.rules import Rule

RULES = (
    Rule("key.unknown", "agreement", "The key that signed a record is enrolled."),
    Rule("key.early", "agreement", "A key is enrolled at an index below every record of its own."),
    Rule("key.revoked", "agreement", "A record past the last good one of a revoked key was admitted since."),
    Rule(
        "key.issuer", "agreement", "A record's `iss` is, byte for byte, the holder of the key that signed it."
    ),
    Rule("key.power", "agreement", "The agreement gives the signer the power to sign this kind of record."),
    Rule("key.enroller", "agreement", "Whoever enrols or revokes a key may do so for its holder."),
    Rule(
        "key.last_good",
        "agreement",
        "The last good record that a revocation names is one of the revoked key, with that number.",
    ),
    Rule(
        "agreement.version",
        "agreement",
        "A record cites the version in force in the prefix that its signer saw.",
    ),
    Rule(
        "agreement.amendment",
        "agreement",
        "An amendment holds a whole agreement, numbered above the one in force.",
    ),
    Rule("agreement.consent_to", "agreement", "A consent or a refusal names the founding or a proposal."),
    Rule(
        "agreement.lapse",
        "agreement",
        "A lapse names a consent that stands for a term, and is signed once the term has passed.",
    ),
    Rule(
        "closing.after",
        "agreement",
        "After the record with which a closing is in force stand erasures, what is said of them, the service's "
        "records of heads and disclosures, and nothing else.",
    ),
    Rule("succession.version", "agreement", "A succession cites the version of the agreement in it."),
    Rule("succession.head", "agreement", "A succession names a head of another log than its own."),
    Rule(
        "succession.consent",
        "agreement",
        "The seats that the consent rule asks for signed the succession, each by its root and once.",
    ),
)

FILE_RULES = (
    Rule("agreement.size", "agreement", "The agreement has at most 40,000 bytes."),
    Rule("agreement.nfc", "agreement", "The agreement is UTF-8 in NFC, in letters that Unicode 14.0 has."),
    Rule(
        "agreement.invisible",
        "agreement",
        "No letter stands in it that changes what is read without being seen.",
    ),
    Rule("agreement.toml", "agreement", "It is TOML 1.0."),
    Rule("agreement.missing", "agreement", "Every key that must stand is there."),
    Rule("agreement.type", "agreement", "Each value has the type that its key asks for."),
    Rule(
        "agreement.value",
        "agreement",
        "Each word is known here, each number inside its bounds, each code of its shape.",
    ),
    Rule("agreement.id", "agreement", "Identifiers are lower-case Latin letters, digits and single hyphens."),
    Rule(
        "agreement.look_alike", "agreement", "Keys and identifiers are Latin, and no word mixes two scripts."
    ),
    Rule("agreement.empty", "agreement", "No text and no list is empty."),
    Rule("agreement.unknown_key", "agreement", "No key stands there that is not known."),
    Rule("agreement.day", "agreement", "A day exists, and is written 2026-03-01."),
    Rule("agreement.duration", "agreement", "A duration is written 44 h, 10 min, 30 s or 7 d."),
    Rule("agreement.hour", "agreement", "An hour is written 16:00."),
    Rule(
        "agreement.duplicate",
        "agreement",
        "No identifier stands twice; seats and posts share one space of names, and `log` is taken.",
    ),
    Rule("agreement.reference", "agreement", "Whatever is named exists: seats, posts, roles."),
    Rule("agreement.guarantor", "agreement", "Exactly one signatory is the guarantor."),
    Rule("agreement.source", "agreement", "A rule from the text names its article."),
    Rule("agreement.consent", "agreement", "The consent rule can be met, and no observer decides."),
    Rule(
        "agreement.kind",
        "agreement",
        "Powers and countersigning are for kinds that exist; who signs some is fixed.",
    ),
    Rule("agreement.field", "agreement", "Tiers are for private fields that exist."),
    Rule("agreement.deadline", "agreement", "A deadline has exactly one end."),
    Rule("agreement.period", "agreement", "What starts does not end before."),
    Rule(
        "agreement.fold",
        "agreement",
        "The look-alike table maps one letter to one Latin letter or digit, in one step.",
    ),
    Rule("agreement.founding", "agreement", "Agreement and route fit into one founding record."),
    Rule(
        "agreement.chainage",
        "agreement",
        "No post lies beyond the end of the line, unless the line is schematic.",
    ),
    Rule("goods.code", "agreement", "Chapters and headings exist in the Harmonized System."),
    Rule("goods.twice", "agreement", "A code has one rule, beside those for single items."),
    Rule("route.size", "agreement", "The route has at most 24,000 bytes."),
    Rule(
        "route.json",
        "agreement",
        "It is JSON in UTF-8 and NFC (Unicode 14.0), without repeated names and NaN.",
    ),
    Rule("route.shape", "agreement", "It is one Feature with one LineString of two points or more."),
    Rule(
        "route.point",
        "agreement",
        "Each point is [longitude, latitude] in degrees with at most seven decimals.",
    ),
    Rule("route.still", "agreement", "No point stands twice in a row."),
    Rule("route.properties", "agreement", "Its name, its source and whether it is schematic are said."),
    Rule("route.unknown_key", "agreement", "No key stands there that is not known."),
    Rule("founding.place", "agreement", "Entry 0 is a founding record."),
    Rule("founding.agreement", "agreement", "Its agreement is version 1."),
    Rule(
        "founding.seats",
        "agreement",
        "Its seats are the agreement's signatories, in order, with their roles.",
    ),
    Rule("founding.signer", "agreement", "The guarantor's root is in it and signed it."),
    Rule("founding.keys", "agreement", "Every key is acceptable, of its right type, and stands there once."),
    Rule(
        "founding.quorum",
        "agreement",
        "1 to all of the witnesses, 63 at most, are needed, 0 where there are none; each has its own name.",
    ),
)
"""Of `agreement.toml`, of `route.geojson`, and of the founding record that holds both."""
