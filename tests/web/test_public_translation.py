"""Arabic is carried along with every text, so that right-to-left stays honest."""

from __future__ import annotations

import ast
import gettext
import re
from pathlib import Path

import pytest
from django.test import Client

from safeconduct.web import public
from tests.web.messages import SOURCE, compiled, read
from tests.web.public_scene import Scene, black_sea, restricted, under_pages

HOME = Path(public.__file__).parent
MESSAGES = read(SOURCE.read_text(encoding="utf-8"))
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")
LEFT_AS_IT_IS = re.compile(r"\b(UTC|IMO|CSV|JSON|HS|English)\b")


def test_the_compiled_translations_are_those_of_their_source() -> None:
    assert SOURCE.with_suffix(".mo").read_bytes() == compiled(MESSAGES)
    with SOURCE.with_suffix(".mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Passages") == MESSAGES["Passages"]


def test_every_message_is_translated_and_keeps_its_placeholders() -> None:
    for message, told in MESSAGES.items():
        wanted = set(PLACEHOLDER.findall(message))
        forms = told.split("\0")
        for number, form in enumerate(forms):
            assert form, message
            in_words = len(forms) > 1 and number < 3  # none, one and two are words of their own
            assert set(PLACEHOLDER.findall(form)) <= wanted, message
            assert in_words or set(PLACEHOLDER.findall(form)) == wanted, message


def messages_in_python() -> set[str]:
    """Every text that the modules give to gettext."""
    found = set()
    for path in HOME.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and "gettext" in node.func.id:
                first = node.args[1 if node.func.id == "pgettext" else 0]
                if isinstance(first, ast.Constant):
                    found.add(str(first.value))
    return found


def messages_in_templates() -> set[str]:
    """Every text between translate tags."""
    found = set()
    for path in HOME.glob("templates/public/*.html"):
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r'{% translate "([^"]+)" %}', text))
        for block in re.findall(r"{% blocktranslate[^%]*%}(.*?){% endblocktranslate %}", text, re.DOTALL):
            found.add(re.sub(r"{{ (\w+) }}", r"%(\1)s", block))
    return found


def test_no_text_was_forgotten() -> None:
    known = {message.partition("\0")[0].rpartition("\4")[2] for message in MESSAGES}
    texts = messages_in_python() | messages_in_templates()
    assert len(texts) > 200
    assert texts - known == set()
    assert known - texts == {""}


@pytest.mark.parametrize("make", [black_sea, restricted])
def test_no_english_is_left_on_an_arabic_page_but_names_codes_and_what_says_that_it_is_english(
    make: object,
) -> None:
    scene: Scene = make()  # type: ignore[operator]
    names = [scene.founding.agreement.title, *(one.name for one in scene.founding.agreement.posts.values())]
    names += [one.name for one in scene.founding.agreement.signatories]
    with under_pages(scene):
        client = Client()
        psg = re.search(r"/passages/([0-9a-f]{32})", client.get("/passages/").content.decode())
        assert psg is not None
        for address in (
            "/",
            "/passages/",
            "/passages/?q=x",
            f"/passages/{psg[1]}",
            "/records/0",
            "/records/13",
            "/records/99999",
        ):
            page = client.get(f"{address}{'&' if '?' in address else '?'}lang=ar").content.decode()
            assert left_over(page, names) == [], address


def left_over(page: str, names: list[str]) -> list[str]:
    """English words that a reader would see."""
    page = page[page.index("<body>") :]
    for element in (
        "pre",
        "code",
        "bdi",
        'p lang="en" dir="ltr"',
        'dl class="claims wide" lang="en"',
        "option",
    ):
        name = element.partition(" ")[0]
        page = re.sub(rf"<{element}[ >].*?</{name}>", "", page, flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", page)
    for name in names:
        text = text.replace(name, "")
    text = re.sub("\N{FIRST STRONG ISOLATE}.*?\N{POP DIRECTIONAL ISOLATE}", "", LEFT_AS_IT_IS.sub("", text))
    return re.findall(r"[A-Za-z]{3,}", text)
