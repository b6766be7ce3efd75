"""La bibliographie : en français pour tout genre d'entrée, sans rien perdre de ce que l'entrée dit."""

from __future__ import annotations

import re

import citations
import pytest
from pybtex.database import parse_file, parse_string
from pybtex.plugin import find_plugin
from sources import ROOT
from sphinx.errors import SphinxError

BACKEND = find_plugin("pybtex.backends", "plaintext")()
ENGLISH = re.compile(
    r"\b(?:and|others|editors?|edited|thesis|report|pages?|chapter|volume|number|edition|second|in|visited|"
    r"january|february|march|april|may|june|july|august|october|december)\b",
    re.IGNORECASE,
)


def written(text: str) -> str:
    (entry,) = citations.FrenchEntries().format_bibliography(parse_string(text, "bibtex"))
    return entry.text.render(BACKEND).replace("\n", " ")


ENTRIES = [
    (
        "@phdthesis{a, author={Doe, Jane}, title={Un sujet}, school={Université A}, year={1991}, month={Mar}}",
        "Jane Doe. Un sujet. Thèse de doctorat, Université A, mars 1991.",
    ),
    (
        "@phdthesis{a, author={Doe, Jane}, title={Un sujet}, type={PhD Thesis}, school={Université A}, year={1991}}",
        "Jane Doe. Un sujet. Thèse de doctorat, Université A, 1991.",
    ),
    (
        "@mastersthesis{a, author={Roe, Richard}, title={Un Sujet}, school={Université B}, year={1995}}",
        "Richard Roe. Un Sujet. Mémoire de master, Université B, 1995.",
    ),
    (
        "@incollection{a, author={Poe, Paul}, title={Un titre}, booktitle={Un recueil}, "
        "editor={Loe, Lou and Moe, Max}, publisher={Maison}, address={Lyon}, edition={second}, "
        "chapter={3}, pages={1--9}, year={2000}}",
        "Paul Poe. Un titre. Dans Un recueil, sous la dir. de Lou Loe et Max Moe, chap. 3, 2e éd., p. 1–9, "
        "Maison, Lyon, 2000.",
    ),
    (
        "@article{a, author={Noe, Nina and others}, title={Un article}, journal={Revue}, volume={2}, number={3}, "
        "year={2001}, note={Sous presse}}",
        "Nina Noe et al. Un article. Revue, vol. 2, n° 3, 2001. Sous presse.",
    ),
    (
        "@techreport{a, author={Zoe, Zed}, title={Un travail}, institution={Institut}, number={12}, year={2002}}",
        "Zed Zoe. Un travail. Rapport 12, Institut, 2002.",
    ),
    ("@proceedings{a, editor={Hoe, Hugo}, title={Des actes}, year={2003}}", "Hugo Hoe (dir.). Des actes. 2003."),
    (
        "@book{a, author={Koe, K. and Loe, L. and Moe, M.}, title={Un livre}, series={Savoirs}, publisher={Maison}, "
        "edition={3}, year={2004}, isbn={1-2}}",
        "K. Koe, L. Loe et M. Moe. Un livre. Coll. Savoirs, 3e éd., Maison, 2004. ISBN 1-2",
    ),
    (
        "@online{a, title={Une page}, url={https://example.org}, urldate={1er mai 2020}, year={2019}}",
        "Une page. 2019. https://example.org (consulté le 1er mai 2020)",
    ),
    (
        "@misc{a, author={Soe, S.}, title={Un préprint}, eprint={2001.00001}, year={2020}}",
        "S. Soe. Un préprint. 2020. arXiv:2001.00001",
    ),
]


@pytest.mark.parametrize(("entry", "expected"), ENTRIES, ids=[entry[1:].split("{")[0] for entry, _ in ENTRIES])
def test_each_kind_of_entry_is_french_and_complete(entry, expected):
    assert written(entry) == expected


TYPES = """
    article book booklet conference dataset inbook incollection inproceedings manual mastersthesis misc online patent
    phdthesis proceedings software techreport thesis unpublished
"""


@pytest.mark.parametrize("kind", TYPES.split())
def test_no_kind_needs_more_than_a_title_nor_writes_english(kind):
    fields = ["author={Un, A. and Deux, B.}", "title={Titre}", "year={2000}", "month={may}", "edition={first}"]
    fields += ["editor={Trois, C. and Quatre, D.}", "booktitle={Recueil}", "journal={Revue}"]
    fields += ["volume={1}", "number={2}"]
    fields += ["pages={3--4}", "chapter={5}", "school={École}", "institution={Institut}", "publisher={Maison}"]
    full = written(f"@{kind}{{a, {', '.join(fields)}}}")
    assert not ENGLISH.search(full), full
    assert all(name in full for name in ("A. Un et B. Deux", "C. Trois et D. Quatre", "mai 2000", "1re éd.", "p. 3–4"))
    assert written(f"@{kind}{{a, title={{Titre}}}}").startswith("Titre.")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("@inconnu{cle, title={Titre}}", "« cle ».*« @inconnu »"),
        ("@book{cle, year={2000}}", "« cle » n’a pas de titre"),
    ],
)
def test_a_faulty_entry_is_named(entry, message):
    with pytest.raises(SphinxError, match=message):
        written(entry)


@pytest.mark.parametrize(
    ("entry", "cited"),
    [
        ("@article{a, author={Noe, Nina and others}, title={T}}", "Noe et al."),
        ("@article{a, author={Un, A. and Deux, B. and Trois, C.}, title={T}}", "Un et al."),
        ("@article{a, author={Un, A. and Deux, B.}, title={T}}", "Un et Deux"),
        ("@proceedings{a, editor={Hoe, Hugo}, title={T}}", "Hoe"),
        ("@misc{a, title={Un titre}}", "Un titre"),
    ],
)
def test_citations_are_french(entry, cited):
    style = citations.FrenchAuthorYear()
    (found,) = parse_string(entry, "bibtex").entries.values()
    names = style.person.author_or_editor_or_title(full=False)
    assert names.format_data({"entry": found, "style": style}).render(BACKEND) == cited


def test_the_references_of_the_book_are_french():
    entries = citations.FrenchEntries().format_bibliography(parse_file(ROOT / "references.bib"))
    texts = {entry.key: entry.text.render(BACKEND) for entry in entries}
    assert texts["hochreiter1991untersuchungen"] == (
        "Sepp Hochreiter. Untersuchungen zu dynamischen neuronalen Netzen. "
        "Diplomarbeit, Technische Universität München, 1991."
    )
    assert "thèse de doctorat" in texts["sutskever2013training"].lower()
    for text in texts.values():
        assert not re.search(r"\b(?:others|thesis|editors?)\b|^[^.]* and ", text), text
