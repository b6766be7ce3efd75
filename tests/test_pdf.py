"""Le PDF : format, polices, table des matières, renvois, mêmes numéros que le HTML."""

from __future__ import annotations

import re
import subprocess

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


def outline_titles(entries) -> list[str]:
    titles = []
    for entry in entries:
        titles += outline_titles(entry) if isinstance(entry, list) else [entry.title]
    return titles


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


def test_bookmarks_list_each_chapter_once(reader):
    titles = [re.sub(r"\s+", " ", title).replace("’", "'") for title in outline_titles(reader.outline)]
    wanted = [re.search(r"^# (.+)$", text_of(page), re.MULTILINE)[1] for page in CHAPTERS]
    for title in [*wanted, "Préface", "Notations", "Glossaire", "Bibliographie", "Index"]:
        assert sum(title == found or found.endswith(f" {title}") for found in titles) == 1, title


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
    assert numbers
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
