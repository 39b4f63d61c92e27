"""Which words stand for the codes of records and states: English here, translated when a page is made."""

from __future__ import annotations

from django.utils.translation import gettext_noop

CODES = {
    # classes of travellers and directions that agreements often have
    "humanitarian": gettext_noop("humanitarian traffic"),
    "resident": gettext_noop("residents"),
    "guarantor": gettext_noop("the guarantor’s own traffic"),
    "merchant": gettext_noop("merchant ships"),
    "in": gettext_noop("inbound"),
    "out": gettext_noop("outbound"),
    # inspections
    "drawn": gettext_noop("drawn by lot"),
    "owed": gettext_noop("owed"),
    "risk-rule": gettext_noop("by a risk rule"),
    "all-traffic": gettext_noop("all are inspected"),
    "suspicion": gettext_noop("on suspicion"),
    "not-recorded": gettext_noop("not recorded"),
    "documentary": gettext_noop("papers only"),
    "visual": gettext_noop("by eye"),
    "non-intrusive": gettext_noop("without opening"),
    "full": gettext_noop("in full"),
    "match": gettext_noop("match"),
    "surplus": gettext_noop("surplus"),
    "shortage": gettext_noop("shortage"),
    "misdeclared": gettext_noop("misdeclared"),
    "prohibited": gettext_noop("prohibited"),
    # seals
    "affixed": gettext_noop("affixed"),
    "found": gettext_noop("found"),
    "replaced": gettext_noop("replaced"),
    "removed": gettext_noop("removed"),
    "intact": gettext_noop("intact"),
    "broken": gettext_noop("broken"),
    "missing": gettext_noop("missing"),
    "wrong-number": gettext_noop("wrong number"),
    "resealed": gettext_noop("resealed"),
    # accounts
    "arrived": gettext_noop("arrived"),
    "waited": gettext_noop("waited"),
    "searched": gettext_noop("was searched"),
    "refused": gettext_noop("was refused"),
    "left": gettext_noop("left"),
    # reasons and conditions
    "repairs": gettext_noop("repairs"),
    "daylight-only": gettext_noop("daylight only"),
    "no-pass": gettext_noop("no pass"),
    "security": gettext_noop("security"),
}
STATE_WORDS = {
    "waiting": ("unseen", gettext_noop("not inspected yet")),
    "arrived": ("ring", gettext_noop("at the post")),
    "on-the-road": ("ring", gettext_noop("on the road")),
    "inspected": ("ring", gettext_noop("inspected")),
    "out": ("ring", gettext_noop("came out")),
    "turned-back": ("halt", gettext_noop("turned back")),
    "declared": ("half", gettext_noop("declared")),
    "cleared": ("half", gettext_noop("pass granted")),
    "refused": ("halt", gettext_noop("pass refused")),
    "opened": ("unseen", gettext_noop("not declared")),
}
STATUS_WORDS = {
    "closed": ("halt", gettext_noop("closed")),
    "restricted": ("warn", gettext_noop("restricted")),
    "open": ("ring", gettext_noop("open")),
    "disputed": ("warn", gettext_noop("disputed")),
    "not-recorded": ("unseen", gettext_noop("nothing recorded")),
}
CONSENT_WORDS = {
    "consented": ("ring", gettext_noop("consented")),
    "refused": ("halt", gettext_noop("did not agree")),
    "withdrawn": ("warn", gettext_noop("withdrew its consent")),
    "lapsed": ("warn", gettext_noop("its consent has lapsed")),
    "silent": ("unseen", gettext_noop("no answer recorded")),
    "empty": ("unseen", gettext_noop("empty seat")),
}
ROLE_WORDS = {
    "guarantor": gettext_noop("guarantor"),
    "party": gettext_noop("party"),
    "observer": gettext_noop("observer"),
}
HEADINGS = {
    "0713": gettext_noop("dried pulses"),
    "1001": gettext_noop("wheat"),
    "1003": gettext_noop("barley"),
    "1005": gettext_noop("maize (corn)"),
    "1006": gettext_noop("rice"),
    "1101": gettext_noop("wheat flour"),
    "1201": gettext_noop("soya beans"),
    "1205": gettext_noop("rapeseed"),
    "1206": gettext_noop("sunflower seed"),
    "1507": gettext_noop("soya oil"),
    "1512": gettext_noop("sunflower oil"),
    "2302": gettext_noop("bran"),
    "2306": gettext_noop("oil-cake and meal"),
    "2710": gettext_noop("petroleum oils"),
    "3004": gettext_noop("medicines"),
    "6301": gettext_noop("blankets"),
    "none": gettext_noop("goods without a heading"),
}
"""Short names of headings of the Harmonized System; of others the number alone is shown."""
UNITS = {
    "TNE": gettext_noop("t"),
    "KGM": gettext_noop("kg"),
    "LTR": gettext_noop("l"),
    "C62": gettext_noop("pieces"),
}
