import pytest

from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.tlog.note import KeyType, Note, Signature, VerifierKey, sign_note
from safeconduct.core.tlog.signature import SeedSigner, mldsa44_public_key

LOG, OTHER = SeedSigner(b"L" * 32), SeedSigner(b"O" * 32)
KEY = VerifierKey.of("log.example", KeyType.ED25519, LOG.public_key)
OTHER_KEY = VerifierKey.of("other.example", KeyType.ED25519, OTHER.public_key)
TEXT = "one\n\ntwo\n"
LINE = sign_note(TEXT, KEY, LOG)
DATA = Note(TEXT, (LINE,)).print().encode()


def test_a_note_is_split_at_its_last_blank_line() -> None:
    note = Note.parse(DATA)
    assert (note.text, note.signatures) == (TEXT, (LINE,))
    assert str(note).encode() == DATA
    assert note.verified_by([KEY, OTHER_KEY]) == (KEY,)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(DATA[:-1], id="no final LF"),
        pytest.param(DATA.replace(b"\n", b"\r\n"), id="CR LF"),
        pytest.param(DATA + b"after\n", id="text after the signatures"),
        pytest.param(DATA + b"\n", id="a blank line after the signatures"),
        pytest.param(DATA.replace(b"\xe2\x80\x94 ", b"\xe2\x80\x94  "), id="two spaces"),
        pytest.param(DATA.replace("—".encode(), b"-"), id="a hyphen for the dash"),
        pytest.param(DATA.replace(b"example ", b"ex+mple "), id="a plus in the name"),
        pytest.param(DATA.replace(b"example ", "ex\u2003mple ".encode()), id="an em space in the name"),
        pytest.param(DATA.replace(b"one", b"\x01"), id="a control character"),
        pytest.param(DATA.replace(b"one", b"\xff"), id="not UTF-8"),
        pytest.param(TEXT.encode(), id="no signature"),
        pytest.param(TEXT.encode() + "\n— n AAAAAA==\n".encode(), id="a key ID and nothing more"),
        pytest.param(TEXT.encode() + "\n— n AAAAAAB=\n".encode(), id="not canonical base64"),
        pytest.param(b"x" * 300_000 + DATA, id="too long"),
        pytest.param(Note(TEXT, (LINE,) * 65).print().encode(), id="too many lines"),
    ],
)
def test_a_note_that_we_would_not_write_is_not_read(data: bytes) -> None:
    with pytest.raises(Malformed):
        Note.parse(data)


def test_unusual_line_ends_of_unicode_end_no_line() -> None:
    text = "a\u2028b\u0085c\n"
    note = Note.parse(Note(text, (sign_note(text, KEY, LOG),)).print().encode())
    assert note.verified_by([KEY]) == (KEY,)


def test_a_line_by_a_stranger_is_ignored() -> None:
    stranger = Signature("log.example", b"\0\0\0\0", b"noise")
    assert Note(TEXT, (stranger, LINE)).verified_by([KEY]) == (KEY,)


def test_a_note_signed_by_nobody_known_is_disproved() -> None:
    with pytest.raises(Disproved, match="no known key"):
        Note.parse(DATA).verified_by([OTHER_KEY])


def test_one_bad_line_of_a_known_key_spoils_the_note() -> None:
    bad = Signature(LINE.name, LINE.key_id, bytes(64))
    with pytest.raises(Disproved, match=r"signature of log\.example fails"):
        Note(TEXT, (LINE, bad)).verified_by([KEY])


def test_one_key_under_two_names_is_refused_before_anything_is_counted() -> None:
    again = VerifierKey.of("alias.example", KeyType.ED25519, LOG.public_key)
    with pytest.raises(Malformed, match="twice"):
        Note.parse(DATA).verified_by([KEY, again])


def test_a_cosigner_key_does_not_sign_notes() -> None:
    cosigner = VerifierKey.of("log.example", KeyType.COSIGNATURE, LOG.public_key)
    with pytest.raises(Malformed):
        Note.parse(DATA).verified_by([cosigner])
    with pytest.raises(Malformed):
        sign_note(TEXT, cosigner, LOG)


def test_nobody_signs_under_another_key() -> None:
    with pytest.raises(Malformed):
        sign_note(TEXT, KEY, OTHER)


def test_a_signer_that_gives_another_signature_is_caught_at_once() -> None:
    class Broken:
        public_key = LOG.public_key

        def sign(self, message: bytes) -> bytes:
            return LOG.sign(message + b"!")

    with pytest.raises(Disproved, match="does not verify"):
        sign_note(TEXT, KEY, Broken())


@pytest.mark.parametrize("text", ["no end", "tab\there\n", "half a character \ud800\n", ""])
def test_a_text_that_cannot_be_read_back_is_not_signed(text: str) -> None:
    with pytest.raises(Malformed):
        sign_note(text, KEY, LOG)


def test_a_verifier_key_prints_back() -> None:
    assert VerifierKey.parse(str(KEY)) == KEY
    mldsa = VerifierKey.of("w", KeyType.MLDSA_COSIGNATURE, mldsa44_public_key(bytes(32)))
    assert VerifierKey.parse(str(mldsa)) == mldsa


def test_the_id_of_an_ecdsa_key_does_not_depend_on_its_name() -> None:
    one, two = (VerifierKey.of(name, KeyType.ECDSA, b"spki") for name in ("one", "two"))
    assert one.key_id == two.key_id


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\x1fb", "half \ud800", "\ud800"])
def test_a_name_that_would_not_stand_in_a_line_is_refused(name: str) -> None:
    with pytest.raises(Malformed):
        VerifierKey.of(name, KeyType.ED25519, LOG.public_key)


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        pytest.param(1, bytes([1] + [0] * 31), id="a point of low order"),
        pytest.param(4, b"short", id="too short"),
        pytest.param(6, b"short", id="too short for ML-DSA"),
        pytest.param(2, b"", id="empty"),
        pytest.param(3, b"k" * 32, id="reserved"),
        pytest.param(5, b"k" * 32, id="not for notes of ours"),
        pytest.param(0xFA, b"k" * 32, id="reserved for later"),
    ],
)
def test_a_key_that_can_verify_nothing_is_refused(kind: int, key: bytes) -> None:
    with pytest.raises(Malformed, match="not a public key"):
        VerifierKey.of("name", kind, key)


def test_a_key_whose_id_is_another_keys_says_what_its_id_would_be() -> None:
    wrong = str(KEY).replace(KEY.key_id.hex(), "00000000")
    with pytest.raises(Malformed, match=KEY.key_id.hex()):
        VerifierKey.parse(wrong)


@pytest.mark.parametrize("text", ["", "name", "name+00000000", "name+00000000+"])
def test_part_of_a_key_is_no_key(text: str) -> None:
    with pytest.raises(Malformed):
        VerifierKey.parse(text)
