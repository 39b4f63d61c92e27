import pytest

from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.cosignature import cosign
from safeconduct.core.tlog.note import KeyType, Note, Signature, VerifierKey, sign_note
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.signature import SeedSigner, mldsa44_public_key

NOON = 1_700_000_000
LOG = SeedSigner(b"L" * 32)
LOG_KEY = VerifierKey.of("log.example", KeyType.ED25519, LOG.public_key)
WITNESSES = {name: SeedSigner(name.encode() * 32) for name in "ABC"}
KEYS = {
    name: VerifierKey.of(f"{name}.example", KeyType.COSIGNATURE, signer.public_key)
    for name, signer in WITNESSES.items()
}
LINES = [f"log {LOG_KEY}", *(f"witness {name} {key}" for name, key in KEYS.items())]
TEXT = "\n".join([*LINES, "group witnesses 2 A B C", "quorum witnesses", ""])
POLICY = Policy.parse(TEXT.encode())
HEAD = Checkpoint("log.example", 3, b"r" * 32)


def note(*cosigned: tuple[str, int], head: Checkpoint = HEAD, signed: bool = True) -> Note:
    text = head.print()
    lines = [cosign(text, KEYS[name], WITNESSES[name], time=time) for name, time in cosigned]
    return Note(text, (sign_note(text, LOG_KEY, LOG), *lines) if signed else tuple(lines))


def test_a_policy_prints_back() -> None:
    assert POLICY.print() == TEXT
    assert Policy.parse(POLICY.print().encode()) == POLICY


def test_urls_are_kept_and_comments_are_not() -> None:
    text = (
        f"# ours\n\n\tlog {LOG_KEY} https://log.example \nwitness A {KEYS['A']} https://a.example\nquorum A\n"
    )
    assert Policy.parse(text.encode()).print() == text.replace("# ours\n\n\t", "").replace(" \n", "\n")


def test_a_name_that_is_not_utf_8_stays_what_it_is() -> None:
    data = b"witness \xff\xfe " + str(KEYS["A"]).encode() + b"\nquorum \xff\xfe\n"
    assert Policy.parse(data).print().encode("utf-8", "surrogateescape") == data


def test_a_quorum_explains_what_is_missing_and_enforces_it() -> None:
    quorum = POLICY.quorum
    assert quorum.missing(["A", "C"]) == ()
    assert quorum.missing(["C"]) == ("witnesses: 1 of the 2 needed; not there: A, B",)
    quorum.require(["B", "C"])
    with pytest.raises(Disproved, match="not there: A, B, C"):
        quorum.require([])


def test_a_group_within_a_group_is_explained_too() -> None:
    lines = [*LINES, "group pair all A B", "group both all pair C", "quorum both", ""]
    quorum = Policy.parse("\n".join(lines).encode()).quorum
    assert quorum.met_by("ABC")
    assert quorum.missing(["A", "C"]) == (
        "both: 1 of the 2 needed; not there: pair",
        "pair: 1 of the 2 needed; not there: B",
    )


def test_a_head_signed_by_the_log_is_accepted_and_its_witnesses_named() -> None:
    head = POLICY.check(note(("C", NOON + 9), ("A", NOON)))
    assert (head.checkpoint, head.log_key) == (HEAD, LOG_KEY)
    assert head.cosigned == {"A": NOON, "C": NOON + 9}


def test_a_head_has_the_time_at_which_its_quorum_was_full() -> None:
    assert POLICY.check(note(("C", NOON + 9), ("A", NOON), ("B", NOON + 30))).time(POLICY) == NOON + 9
    assert POLICY.check(note(("C", NOON))).time(POLICY) is None


def test_a_head_that_needs_no_quorum_has_no_time() -> None:
    policy = Policy.parse("\n".join([*LINES, "quorum none", ""]).encode())
    assert policy.quorum.missing([]) == ()
    assert policy.check(note(("A", NOON), ("B", NOON))).time(policy) is None


def test_a_log_may_sign_with_a_type_06_key_alone() -> None:
    # Its verification is the cosigner's; here only that the line is looked at.
    lattice = VerifierKey.of("log.example", KeyType.MLDSA_COSIGNATURE, mldsa44_public_key(bytes(32)))
    policy = Policy.parse(f"log {lattice}\nquorum none\n".encode())
    forged = Note(HEAD.print(), (Signature(lattice.name, lattice.key_id, bytes(2428)),))
    with pytest.raises(Disproved, match="fails"):
        policy.check(forged)


@pytest.mark.parametrize(
    ("offered", "error", "match"),
    [
        (note(signed=False), Disproved, "did not sign"),
        (note(head=Checkpoint("log.elsewhere", 3, b"r" * 32)), Disproved, "did not sign"),
        (note(head=Checkpoint("log.example", 3, b"r" * 32, ("more",))), Malformed, "extension"),
        (Note("no head\n", ()), Malformed, "not a head"),
        (Note(HEAD.print(), (Signature("log.example", LOG_KEY.key_id, bytes(64)),)), Disproved, "fails"),
        (
            Note(HEAD.print(), (*note().signatures, Signature("A.example", KEYS["A"].key_id, bytes(72)))),
            Disproved,
            r"A\.example fails",
        ),
    ],
)
def test_a_head_that_the_policy_does_not_accept(offered: Note, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        POLICY.check(offered)


@pytest.mark.parametrize(
    ("line", "match"),
    [
        ("witnes A", "Did you mean 'witness'"),
        ("log", "no line of a policy"),
        (f"log {LOG_KEY}", "stands above"),
        (f"log {VerifierKey.of('n', KeyType.ED25519, WITNESSES['A'].public_key)}", "stands above"),
        (
            f"log {VerifierKey.of('n', KeyType.COSIGNATURE, SeedSigner(b'D' * 32).public_key)}",
            "Use type 01 or 06",
        ),
        (f"witness D {VerifierKey.of('n', 1, SeedSigner(b'D' * 32).public_key)}", "Use type 04 or 06"),
        (f"witness A {KEYS['A']}", "is taken"),
        (f"witness none {KEYS['A']}", "is taken"),
        ("group g 2 A", "in one group"),
        ("group g 1 none", "not defined above"),
        ("group g 1 wintesses", "Did you mean 'witnesses'"),
        ("group g 2 witnesses", "needs 2 of 1"),
        ("group g 0 witnesses", "needs 0 of 1"),
        ("group g -1 witnesses", "not a number"),
        ("group g all witnesses witnesses", "in one group"),
        ("group A all witnesses", "is taken"),
        ("quorum witnesses", "exactly one quorum"),
    ],
)
def test_a_bad_line_is_named_with_what_to_write(line: str, match: str) -> None:
    with pytest.raises(Malformed, match=match) as caught:
        Policy.parse(f"{TEXT}{line}\n".encode())
    assert len(caught.value.faults) == 1
    if "exactly" not in match:
        assert caught.value.faults[0].where == "policy line 7"


def test_all_faults_of_a_policy_are_named_at_once() -> None:
    with pytest.raises(Malformed) as caught:
        Policy.parse(b"quorum nobody\nlog x\nnonsense\n")
    assert [fault.where for fault in caught.value.faults] == [
        "policy line 1",
        "policy line 2",
        "policy line 3",
    ]


@pytest.mark.parametrize("data", [b"", b"quorum none\r\n", b"\x7f\nquorum none\n", b"#" * 2_000_000])
def test_what_is_no_policy_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        Policy.parse(data)


def test_too_many_of_a_kind_are_refused() -> None:
    signers = [SeedSigner(bytes([number]) * 32) for number in range(65)]
    lines = [f"log {VerifierKey.of('n', KeyType.ED25519, signer.public_key)}" for signer in signers]
    with pytest.raises(Malformed, match="more than 64"):
        Policy.parse("\n".join([*lines, "quorum none", ""]).encode())
