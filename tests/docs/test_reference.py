"""The reference is what the code says."""

from __future__ import annotations

import pytest

from tests.docs.reference import FOLDER, pages

PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_is_what_the_code_says(name: str) -> None:
    assert (FOLDER / name).read_text() == PAGES[name].rstrip("\n") + "\n", "run `make reference`"
