import pytest

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.tree import EMPTY_ROOT

TEXT = "log.example\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"


def test_a_head_prints_back() -> None:
    assert Checkpoint.parse(TEXT) == Checkpoint("log.example", 0, EMPTY_ROOT)
    assert Checkpoint.parse(TEXT).print() == TEXT
    assert Checkpoint.parse(TEXT + "more\n").extensions == ("more",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT[:-1],
        TEXT + "\n",
        TEXT + "\nmore\n",
        TEXT.replace("log.example", ""),
        TEXT.replace("\n0\n", "\n00\n"),
        TEXT.replace("\n0\n", "\n١\n"),
        TEXT.replace("\n0\n", "\n9223372036854775808\n"),
        TEXT.replace("47DEQpj8", ""),
        TEXT.replace("uFU=", "uFV="),
        "log.example\n0\n",
    ],
)
def test_a_head_that_we_would_not_write_is_not_read(text: str) -> None:
    with pytest.raises(Malformed):
        Checkpoint.parse(text)
