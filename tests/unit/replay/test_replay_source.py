"""`replay.toml`, and the example's own files: read whole, or refused with every fault."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.adapters.replay_folder import ReplayFolder
from safeconduct.core.agreement.parse import parse_agreement
from safeconduct.core.kernel.errors import Malformed, Unavailable
from safeconduct.core.kernel.instant import parse_day
from safeconduct.service.replay import DAY_S, records_of, shifts
from safeconduct.service.replay_source import parse_replay_source, read_replayable
from safeconduct.service.table import MAX_BYTES

EXAMPLE = Path(__file__).parents[3] / "examples" / "black-sea-2022"
TEXT = (EXAMPLE / "replay.toml").read_text(encoding="utf-8")
AGREEMENT = parse_agreement((EXAMPLE / "agreement.toml").read_text(encoding="utf-8"))
SOURCE = read_replayable(ReplayFolder(EXAMPLE))


def faults(text: str) -> str:
    with pytest.raises(Malformed) as caught:
        parse_replay_source(text, AGREEMENT)
    return "\n".join(str(fault) for fault in caught.value.faults)


def test_the_example_is_read_whole() -> None:
    assert len(SOURCE.voyages) == 825
    assert sum(len(voyage.cargo) for voyage in SOURCE.voyages) == 936
    assert sum(cargo.tonnes for voyage in SOURCE.voyages for cargo in voyage.cargo) == 25_012_238
    assert SOURCE.source.as_of_s == parse_day("2023-03-19")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seed =", "sead =", "Did you mean 'seed'?"),
        ("seed =", "sead =", "seed says nothing"),
        ('nature = "replay"', 'nature = "live"', "nature is 'live'"),
        ('as_of = "2023-03-19"', 'as_of = "2023-02-30"', "not a day"),
        ('opened = "2022-07-22"', 'opened = "2024-07-22"', "opened is after as_of"),
        ('as_of = "2023-03-19"', "as_of = 2023-03-19", "as_of says nothing"),
        ('"source/declarant"', '"Source/declarant"', "declarant is no issuer"),
        ('direction = "out"', 'direction = "oit"', "Did you mean 'out'?"),
        ('"merchant"', '"fishing"', "class: the agreement has no 'fishing'"),
        ('"Odesa" = "odesa"', '"Odesa" = "odessa"', "ports.Odesa: the agreement has no 'odessa'"),
        ('inspected_at = "istanbul"', 'inspected_at = "odesa"', "inspected_at is one of the ports"),
        ("[ports]", "[ports]\n[harbours]", "[ports] does not name posts"),
        ("[ports]", "[ports", "this is not TOML"),
        ("[ports]", f"x = {'1' * 5000}\n[ports]", "this is not TOML"),
    ],
)
def test_what_does_not_fit_is_named(old: str, new: str, said: str) -> None:
    assert old in TEXT
    assert said in faults(TEXT.replace(old, new))


def test_all_faults_are_told_at_once() -> None:
    broken = TEXT.replace('"replay"', '"live"').replace('"out"', '"through"').replace("2023-03-19", "soon")
    assert len(faults(broken).splitlines()) == 3


@given(st.text())
def test_any_text_is_a_source_or_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_replay_source(text, AGREEMENT)


def test_a_voyage_becomes_what_its_rows_say_and_nothing_else() -> None:
    razoni = SOURCE.voyages[0]
    declared, entered, inspected = records_of(razoni, SOURCE.source, AGREEMENT)
    assert (declared.evt, entered.evt, inspected.evt) == ("declaration", "entered", "inspection")
    assert declared.lines is not None
    assert [(line["hs"], line["quantity"], line["to"], line["source_row"]) for line, _ in declared.lines] == [
        ("1005", 1_527, "TR", 936),
        ("1005", 25_000, "EG", 937),
    ]
    departed, seen = parse_day("2022-07-31"), parse_day("2022-08-02")
    assert declared.at == {"from": parse_day("2022-07-22"), "until": departed + DAY_S - 1}
    assert entered.at == {"from": departed, "until": departed + DAY_S - 1}
    assert inspected.at == {"from": seen, "until": seen + DAY_S - 1}
    assert (inspected.clear["depth"], inspected.clear["cause"]) == ("not-recorded", "not-recorded")


def test_a_voyage_without_an_inspection_day_has_no_inspection() -> None:
    kinds = [told.evt for told in records_of(SOURCE.voyages[-1], SOURCE.source, AGREEMENT)]
    assert kinds == ["declaration", "entered"]


def test_a_word_that_leaves_the_heading_open_gets_none() -> None:
    lines = [
        (line["hs"], hidden["description"])
        for voyage in SOURCE.voyages
        for told in records_of(voyage, SOURCE.source, AGREEMENT)
        for line, hidden in told.lines or ()
    ]
    unmapped = {word for heading, word in lines if heading == "none"}
    assert unmapped == {"Mixed", "Peas", "Sugar beet pellets", "Sunflower pellets", "Vegetable oil"}
    assert sum(heading == "none" for heading, _ in lines) == 14


def test_watches_list_what_the_source_tells_of_each_post() -> None:
    watches = {watch.post: watch for watch in shifts(SOURCE.voyages, SOURCE.source)}
    assert watches["istanbul"].kinds == ("inspection",)
    assert watches["odesa"].kinds == ("declaration", "entered")
    assert {watch.starts["from"] for watch in watches.values()} == {parse_day("2022-07-31")}
    assert {watch.ends["until"] for watch in watches.values()} == {parse_day("2023-03-18") - 1}


def test_a_file_that_is_missing_too_long_or_not_utf8_is_named(tmp_path: Path) -> None:
    folder = ReplayFolder(tmp_path)
    with pytest.raises(Unavailable, match=r"agreement\.toml"):
        read_replayable(folder)
    (tmp_path / "agreement.toml").write_bytes(b"\xff")
    with pytest.raises(Malformed, match="not UTF-8"):
        read_replayable(folder)
    (tmp_path / "agreement.toml").write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(Malformed, match="too long"):
        read_replayable(folder)
