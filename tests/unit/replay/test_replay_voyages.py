"""The rows of a replay's source: kept as they stand, or refused with every fault and its place."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.instant import parse_day
from safeconduct.service.table import MAX_BYTES
from safeconduct.service.voyages import Words, parse_destinations, parse_headings, parse_voyages

HEADER = "row,voyage,ship,imo,port,destination,commodity,tonnes,departed,inspected"
ONE = '2,1,"RAZONI ",9086526,"Odesa","Egypt","Corn",25000,2022-07-31,2022-08-02'
TWO = '3,1,"RAZONI ",9086526,"Odesa","Egypt","Mixed",1527,2022-07-31,2022-08-02'
WORDS = Words({"Odesa": "odesa"}, {"Corn": "1005", "Mixed": None}, {"Egypt": "EG"})


def table(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows, ""]).encode()


def faults(data: bytes) -> list[str]:
    with pytest.raises(Malformed) as caught:
        parse_voyages(data, WORDS)
    return [str(fault) for fault in caught.value.faults]


def test_rows_of_one_voyage_become_its_cargo_and_blanks_in_a_name_stay() -> None:
    (voyage,) = parse_voyages(table(ONE, TWO), WORDS)
    assert (voyage.number, voyage.imo, voyage.port) == (1, "9086526", "odesa")
    assert (voyage.departed_s, voyage.inspected_s) == (parse_day("2022-07-31"), parse_day("2022-08-02"))
    assert [(line.row, line.heading, line.tonnes) for line in voyage.cargo] == [
        (2, "1005", 25000),
        (3, None, 1527),
    ]
    assert voyage.cargo[0].ship == "RAZONI "


def test_an_empty_inspection_is_not_yet_and_never_a_date() -> None:
    (voyage,) = parse_voyages(table(ONE.removesuffix("2022-08-02")), WORDS)
    assert voyage.inspected_s is None


def test_voyages_come_in_the_order_of_their_numbers_and_crlf_reads_alike() -> None:
    later = ONE.replace("2,1,", "1,7,", 1)
    data = table(later, ONE)
    assert [voyage.number for voyage in parse_voyages(data, WORDS)] == [1, 7]
    assert parse_voyages(data.replace(b"\n", b"\r\n"), WORDS) == parse_voyages(data, WORDS)


def test_all_faults_of_a_file_are_told_at_once_each_with_its_line_and_column() -> None:
    broken = '0,x,"",908652,"Odessa","Egipt","Maize",1.5,2022-02-30,soon'
    found = faults(table(broken, ONE, '4,2,"A"'))
    assert len(found) == 11
    for column in HEADER.split(","):
        assert any(f"voyages.csv line 2, column {column}: " in fault for fault in found)
    assert "Did you mean 'Odesa'?" in "".join(found)
    assert any("line 4" in fault and "3 values" in fault for fault in found)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((ONE, ONE), "row 2 stands here twice"),
        ((ONE, TWO.replace("9086526", "9086527")), "voyage 1 has another IMO number"),
        ((ONE.replace("RAZONI", "RAZO\tNI"),), "control character"),
        ((ONE.replace("RAZONI", "RAZO\u0301NI"),), "NFC"),
        ((ONE.replace("RAZONI", "RAZO\u0378NI"),), "is not in Unicode 14.0"),
        ((ONE.replace('"Odesa"', '"Odesa'),), "values"),
        ((ONE + ",",), "11 values"),
        (('2,1,"A"x,9086526,"Odesa","Egypt","Corn",1,2022-07-31,',), "cannot be read"),
        ((ONE.replace("25000", "25,000"),), "11 values"),
        ((ONE.replace("25000", "NaN"),), "column tonnes"),
        ((ONE.replace("25000", "٢٥"),), "column tonnes"),
        ((ONE.replace("2022-07-31", "31-Jul-22"),), "column departed"),
        ((), "no voyage"),
    ],
)
def test_what_cannot_be_read_is_named(rows: tuple[str, ...], said: str) -> None:
    assert said in "\n".join(faults(table(*rows)))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "does not name the columns"),
        (HEADER.replace("imo", "IMO").encode(), "does not name the columns"),
        (b"\xef\xbb\xbf" + table(ONE), "does not name the columns"),
        (table(ONE).replace(b"RAZONI", b"RAZ\xd6NI"), "line 2: this is not UTF-8"),
        (table(ONE).decode().encode("utf-16"), "not UTF-8"),
        (b"x" * (MAX_BYTES + 1), "too many"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(data: bytes, said: str) -> None:
    assert said in faults(data)[0]


@given(st.binary())
def test_any_bytes_are_voyages_or_malformed(data: bytes) -> None:
    for candidate in (data, HEADER.encode() + b"\n" + data):
        with suppress(Malformed):
            assert parse_voyages(candidate, WORDS)


def test_tables_of_words_say_what_they_leave_open() -> None:
    headings = b'word,heading,basis\n"Corn",1005,"text"\n"Mixed",,"unmapped"\n'
    assert parse_headings(headings) == {"Corn": "1005", "Mixed": None}
    assert parse_destinations('word,code\n"T\u00fcrkiye",TR\n'.encode()) == {"T\u00fcrkiye": "TR"}


def test_a_table_of_words_is_refused_with_all_its_faults() -> None:
    with pytest.raises(Malformed) as caught:
        parse_headings(b'word,heading,basis\n"Corn",105,""\n"Mixed",,""\n"Mixed",,""\n"",1001,""\n')
    assert [fault.where for fault in caught.value.faults] == [
        "hs_headings.csv line 2, column heading",
        "hs_headings.csv line 4",
        "hs_headings.csv line 5, column word",
    ]
    with pytest.raises(Malformed, match="two capital letters"):
        parse_destinations(b"word,code\nEgypt,eg\n")
