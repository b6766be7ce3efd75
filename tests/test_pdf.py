"""Le PDF : format, polices, table des matières, renvois, mêmes numéros que le HTML."""

from __future__ import annotations

import re
import subprocess

import composer
import names
import pytest
from lxml import html as lxml_html
from mesurer import HIDDEN
from pypdf import PdfReader
from sources import CHAPTERS, EXECUTED, cells, text_of


@pytest.fixture(scope="module")
def reader(pdf):
    return PdfReader(pdf)


@pytest.fixture(scope="module")
def text(pdf):
    return subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout


def test_pages_are_a4(reader):
    sizes = {(round(float(page.mediabox.width)), round(float(page.mediabox.height))) for page in reader.pages}
    assert sizes == {(595, 842)}


def test_metadata(reader):
    assert reader.metadata.title == "Réseaux de neurones récurrents"
    assert reader.metadata.author
    assert str(reader.trailer["/Root"].get("/Lang")) == "fr"


def test_fonts_are_embedded_and_vector(pdf):
    rows = subprocess.run(["pdffonts", pdf], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    assert rows
    for row in rows:
        assert "Type 3" not in row, row
        assert re.search(r"\byes\s+(?:yes|no)\s+(?:yes|no)\s+\d+\s+\d+$", row), f"police non incorporée : {row}"


def test_figures_are_vector(pdf):
    """Aucune image en pixels : dessins et courbes sont vectoriels."""
    rows = subprocess.run(["pdfimages", "-list", pdf], capture_output=True, text=True, check=True).stdout.splitlines()
    assert rows[2:] == []


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("’", "'").strip()


@pytest.fixture(scope="module")
def bookmarks(reader) -> list[tuple[str, int]]:
    """Les titres des signets et leur page, dans l'ordre du livre."""

    def walk(entries):
        for entry in entries:
            if isinstance(entry, list):
                yield from walk(entry)
            else:
                yield plain(entry.title), reader.get_destination_page_number(entry)

    return list(walk(reader.outline))


@pytest.fixture(scope="module")
def chapter_pages(bookmarks) -> dict[str, int]:
    """La première page de chaque chapitre, d'après son numéro."""
    return {title.split()[0]: page for title, page in bookmarks if re.match(r"\d+ ", title)}


@pytest.fixture(scope="module")
def pages(pdf) -> list[str]:
    """Le texte de chaque page, mis en lignes comme on les voit."""
    command = ["pdftotext", "-layout", pdf, "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\f")[:-1]


def test_bookmarks_list_each_chapter_once(bookmarks):
    wanted = [plain(re.search(r"^# (.+)$", text_of(page), re.MULTILINE)[1]) for page in CHAPTERS]
    for title in [*wanted, "Préface", "Notations", "Glossaire", "Bibliographie", "Index"]:
        assert sum(title == found or found.endswith(f" {title}") for found, _ in bookmarks) == 1, title


def test_bookmarks_are_numbered(bookmarks, chapter_pages):
    assert list(chapter_pages) == [str(rank) for rank in range(1, len(CHAPTERS) + 1)]
    titles = [title for title, _ in bookmarks]
    assert "A Notations" in titles and any(re.match(r"4\.2 \w", title) for title in titles)


def test_the_header_names_the_chapter(pages, bookmarks, chapter_pages):
    titles = {title.split()[0]: title.split(" ", 1)[1] for title, _ in bookmarks if re.match(r"\d+ ", title)}
    for number, page in chapter_pages.items():
        header = plain(pages[page + 1].strip().splitlines()[0])
        assert header.startswith(plain(f"Chapitre {number}. {titles[number]}"[:40])), header


def test_references_to_chapters_lead_to_their_page(pages, reader, chapter_pages):
    """« chapitre 4, Disparition et explosion du gradient (p. 80) » : le numéro de page est celui du papier."""
    flat = plain(" ".join("\n".join(page.splitlines()[1:-1]) for page in pages))
    found = re.findall(r"chapitres? (\d+), [^()]{5,70}? ?\(p\. (\d+)\)", flat)
    assert len(found) > 30
    for number, page in found:
        assert reader.page_labels[chapter_pages[number]] == page, (number, page)


def test_no_title_is_alone_at_the_foot_of_a_page(pages, bookmarks):
    titles = {title for title, _ in bookmarks}
    for number, page in enumerate(pages, start=1):
        rows = [plain(row) for row in page.splitlines() if row.strip()]
        last = rows[-2] if len(rows) > 3 else ""  # au-dessus du pied de page
        assert last not in titles and last not in ("Solution", "Indice"), f"page {number} : « {last} »"


def test_no_page_is_nearly_empty(pdf, bookmarks):
    """Hors de la couverture et de la table des matières."""
    first = next(page for title, page in bookmarks if title == "Préface")
    fills = composer.filled(pdf)
    thin = [f"page {number} ({fill:.2f})" for number, fill in enumerate(fills, start=1) if fill < composer.THIN]
    assert not [page for page in thin if int(page.split()[1]) > first]


def test_nothing_sticks_out(root):
    """Le journal de la dernière composition ne compte aucune boîte qui déborde de plus de cinq points."""
    folder = root / "_build" / "travail" / "pdf" / "reseaux-recurrents"
    source, log = ((folder / f"reseaux-recurrents.{kind}").read_text("utf-8", "replace") for kind in ("tex", "log"))
    assert composer.overfull(log, source) == []


def test_no_unresolved_reference(text):
    assert "??" not in text
    assert not re.search(r"\{(?:ref|numref|eq|term|cite[:\w]*|glue:\w+)\}", text)


def test_french_document(text):
    assert "Table des matières" in text and "Chapitre 1" in text and "Annexe A" in text
    assert not re.search(r"\b(?:Chapter|Appendix|Contents|Bibliography|Continued|continues on|Figure \d+:)\b", text)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda page: page.stem)
def test_same_equation_numbers_as_html(chapter, html, text):
    """Chaque équation numérotée du HTML porte le même numéro dans le PDF."""
    page = lxml_html.fromstring((html / "book" / f"{chapter.stem}.html").read_text("utf-8"))
    numbers = re.findall(r"\((\d+\.\d+)\)", " ".join(page.xpath("//span[@class='eqno']/text()")))
    assert numbers or chapter.stem == "conclusion"  # trois pages, sans équation
    for number in numbers:
        assert re.search(rf"\({re.escape(number)}\)\s*$", text, re.MULTILINE), number


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda page: page.stem)
def test_same_figure_numbers_as_html(chapter, html, text):
    page = lxml_html.fromstring((html / "book" / f"{chapter.stem}.html").read_text("utf-8"))
    flat = re.sub(r"\s+", " ", text)
    for figure in page.xpath("//article//figure"):
        number = re.search(r"[\d.]+", figure.xpath("string(.//span[@class='caption-number'])"))[0].strip(".")
        words = re.findall(r"\w{4,}", figure.xpath("string(.//span[@class='caption-text'])"))[:2]
        assert re.search(rf"(?i)figure {re.escape(number)}\b.{{0,60}}{words[0]}", flat), number


@pytest.mark.parametrize("page", EXECUTED, ids=lambda page: page.stem)
def test_printed_code_is_complete(page, text):
    """Une fonction repliée est imprimée, à la fin de son chapitre, si le code imprimé s'en sert."""
    printed = re.sub(r"\s", "", text)
    found = [(not any(tag in header for tag in HIDDEN), code) for _, header, code in cells(page)]
    kept = set(names.needed(found))
    for rank, (visible, code) in enumerate(found):
        functions = re.findall(r"^def \w+\(", code, re.MULTILINE)
        assert not (visible or rank in kept) or all(re.sub(r"\s", "", name) in printed for name in functions)


def test_solutions_are_printed(text):
    exercises = sum(len(re.findall(r"^`{3,}\{exercise\}", text_of(page), re.MULTILINE)) for page in CHAPTERS)
    assert len(re.findall(r"^\s*Solution\s*$", text, re.MULTILINE)) == exercises


def test_no_blank_page(pdf, reader):
    for number, page in enumerate(reader.pages, start=1):
        assert len(page.extract_text().split()) > 5, f"page {number} vide"
