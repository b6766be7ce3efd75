"""Composer le PDF : les choix possibles, les fautes que dit le journal de LaTeX, un petit livre pour essai."""

from __future__ import annotations

import re
import subprocess
import sys

import composer
import livre
import pdf
import pytest
import yaml
from lxml import html as lxml_html
from sources import ROOT
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

WHOLE = {"chapter": "", "solutions": "avec", "api": True}


@pytest.mark.parametrize(
    ("arguments", "expected", "name"),
    [
        ([], {}, "reseaux-recurrents"),
        (["CHAPITRE=lstm"], {"chapter": "lstm"}, "reseaux-recurrents-lstm"),
        (["SOLUTIONS=fin"], {"solutions": "fin"}, "reseaux-recurrents-solutions-a-la-fin"),
        (["CHAPITRE=gru", "SOLUTIONS=non"], {"chapter": "gru", "solutions": "non"},
         "reseaux-recurrents-gru-sans-solutions"),
        (["API=non"], {"api": False}, "reseaux-recurrents-sans-api"),
    ],
)
def test_what_can_be_asked(arguments, expected, name):
    chosen = composer.choice(arguments)
    assert chosen == WHOLE | expected
    assert pdf.Selection(**chosen).name == name


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("CHAPITRE=lsmt", "CHAPITRE : reçu « lsmt », attendu index, sequences, rnn"),
        ("SOLUTIONS=oui", "SOLUTIONS : reçu « oui », attendu avec, fin ou non"),
        ("API=0", "API : reçu « 0 », attendu oui ou non"),
        ("CHAPTER=lstm", "reçu « CHAPTER=lstm », attendu CHAPITRE=…, SOLUTIONS=… ou API=…"),
    ],
)
def test_a_wrong_choice_is_refused_before_anything_is_computed(argument, message):
    command = [sys.executable, "-X", "importtime", ROOT / "scripts" / "composer.py", argument]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 1 and message in result.stderr
    assert not re.search(r"\| +(?:sphinx|jupyter_book|torch)$", result.stderr, re.MULTILINE)


SOURCE = r"""\begin{document}
Texte.
\debutfichier{book/rnn}
\chapter{RNN}
trop long
\debutfichier{book/gru}
deux
"""
LOG = """\
[1] [2
] [3{/usr/share/texmf/police.map}]
Overfull \\hbox (4.9pt too wide) in paragraph at lines 2--2
Overfull \\hbox (12.3pt too wide) in paragraph at lines 5--5
un renvoi [12] n'est pas une page
[4]
Overfull \\vbox (43.5pt too high) detected at line 7
"""


def test_a_box_that_sticks_out_is_told_with_its_file_and_page():
    first, second = composer.overfull(LOG, SOURCE)
    assert first.startswith("book/rnn.md, page 4 du PDF : une boîte déborde de 12.3 pt sur la marge (« trop long »)")
    assert second.startswith("book/gru.md, page 5 du PDF : une boîte déborde de 43.5 pt sur le pied de page")


@pytest.mark.parametrize(
    "fault",
    [
        "! Undefined control sequence.",
        "LaTeX Warning: There were undefined references.",
        "Missing character: There is no ★ (U+2605) in font",
        "Overfull \\hbox (12.3pt too wide) in paragraph at lines 5--5",
    ],
)
def test_a_fault_of_latex_stops_the_composition(fault):
    composer.check("[1]\nUnderfull \\hbox\n", SOURCE)
    with pytest.raises(SystemExit, match="^PDF : "):
        composer.check(f"[1]\n{fault}\n", SOURCE)


def test_a_chapter_that_ends_on_a_nearly_empty_page_is_found():
    log = "DEBUT book/index 2\nDEBUT book/rnn 4\nDEBUT book/gru 7\nDEBUT index 8\n"
    fills = [1, 1, 1, 0.9, 1, 1, 0.05, 0.05, 1, 0.1]
    assert composer.thin_files(fills, log) == ["book/rnn", "index"]


def test_a_second_composition_without_change_has_its_log(tmp_path):
    """latexmk ne recompose pas ce qui n'a pas changé ; le journal, effacé avant, manquerait alors."""
    text = r"\documentclass{article}\begin{document}\typeout{DEBUT book/un 0}Un.\end{document}"
    (tmp_path / f"{composer.SOURCE_NAME}.tex").write_text(text, encoding="utf-8")
    for _ in range(2):
        assert composer.STARTED.findall(composer.run_latex(tmp_path)) == [("book/un", "0")]


@pytest.mark.parametrize(
    ("known", "thin", "passes"),
    [
        (False, [[], []], [False, True]),
        (True, [[]], [True]),
        (True, [["book/rnn"], [], []], [True, False, True]),
        (False, [["book/rnn"], ["book/rnn"], [], ["book/gru"], [], []], [False, False, False, True, False, True]),
        (True, [["book/rnn"]] * 7, [True, False, False, False, False, True]),  # rien n'y fait
    ],
)
def test_only_the_last_composition_goes_to_the_end(tmp_path, monkeypatch, known, thin, passes):
    (tmp_path / f"{composer.SOURCE_NAME}.tex").write_text("", encoding="utf-8")
    if known:
        (tmp_path / f"{composer.SOURCE_NAME}.aux").touch()
    done, found = [], iter(thin)
    monkeypatch.setattr(composer, "run_latex", lambda folder, complete: done.append(complete) or "")
    monkeypatch.setattr(composer, "filled", lambda pdf: [])
    monkeypatch.setattr(composer, "thin_files", lambda fills, log: next(found))
    composer.typeset(tmp_path)
    assert done == passes


def test_a_single_pass_stops_on_a_fault_and_not_on_a_reference_still_unknown(tmp_path):
    source = tmp_path / f"{composer.SOURCE_NAME}.tex"
    text = r"\documentclass{article}\begin{document}Voir \ref{fin}.\section{Fin}\label{fin}\end{document}"
    source.write_text(text, encoding="utf-8")
    assert "undefined references" in composer.run_latex(tmp_path, complete=False)
    composer.run_latex(tmp_path)
    source.write_text(text.replace("Voir", r"\inconnue"), encoding="utf-8")
    with pytest.raises(SystemExit, match="^PDF : ! Undefined control sequence"):
        composer.run_latex(tmp_path, complete=False)


def test_heights_are_read_back(tmp_path):
    heights = {"book/rnn": -1, "solutions": 2}
    composer.write_heights(tmp_path / "hauteurs.tex", heights)
    assert composer.read_heights(tmp_path / "hauteurs.tex") == heights
    assert composer.read_heights(tmp_path / "absent.tex") == {}


def test_the_readme_links_the_published_pdf():
    address = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))["repository"]["url"]
    published = livre.site(address) + pdf.PDF
    assert f"]({published})" in (ROOT / "README.md").read_text("utf-8")


def test_the_download_menu_of_every_page_gives_the_pdf(html):
    for page in sorted((html / "book").glob("*.html")):
        tree = lxml_html.fromstring(page.read_text("utf-8"))
        (menu,) = tree.xpath("//div[contains(@class, 'dropdown-download-buttons')]")
        links = {" ".join(link.text_content().split()): link.get("href") for link in menu.xpath(".//a")}
        assert links[".pdf"].endswith(f"/{pdf.PDF}")
        (button,) = menu.xpath(".//button[contains(@onclick, 'print')]")
        assert button.text_content().split() == ["Imprimer"]


PAGES = {
    "index": "# Préface\n\n## Un plan\n\nLe chapitre {ref}`chap-deux`, puis les {ref}`notations <annexe-notations>`."
    "\n\n"
    "```{toctree}\n:numbered:\n\nun\ndeux\ntrois\n```\n\n```{toctree}\nnotations\napi\n```\n",
    "un": "(chap-un)=\n# Premier\n\n(sec-un-detail)=\n## Un détail\n\n$$ a = 1 $$ (eq-un)\n\n"
    "````{exercise} Calcul\n:label: exo-un\n\nUne question.\n````\n",
    "deux": "(chap-deux)=\n# Second\n\nComme au chapitre {ref}`chap-un`, {ref}`là <sec-un-detail>`, équation "
    "{eq}`eq-un` et {ref}`exo-un` ({ref}`chap-un`).\n\n$$ b = 2 $$ (eq-deux)\n\n"
    "```{exercise} Preuve\n:label: exo-deux\n\nUne autre question.\n```\n\n"
    "```{solution-start} exo-deux\n```\n\nLa réponse.\n\n$$ c = 3 $$ (eq-trois)\n\n"
    "```python\nx = 1\n```\n\n```{solution-end}\n```\n\n"
    "$$ d = 4 $$ (eq-quatre)\n\nVoir {eq}`eq-trois`, et la cellule `a`.\n",
    "trois": "# Troisième\n\n```{exercise} Code\n:label: exo-trois\n\nÀ vous.\n```\n\n"
    "```{solution-start} exo-trois\n```\n\n```python\ny = 2\n```\n\n```{solution-end}\n```\n",
    "notations": "(annexe-notations)=\n# Notations\n\nUn symbole ({ref}`chap-deux`).\n",
    "api": "# Le paquet\n\nSa documentation.\n",
}
OPTIONS = {
    "extensions": ["myst_nb", "sphinx_exercise", "folds", "preface", "pdf"],
    "root_doc": "book/index",
    "exclude_patterns": ["sortie*", "doctrees"],
    "language": "fr",
    "latex_engine": "lualatex",
    "numfig": True,
    "math_numfig": True,
    "numfig_secnum_depth": 1,
    "math_eqref_format": "({number})",
    "myst_enable_extensions": ["dollarmath"],
    "nb_execution_mode": "off",
    "exercise_style": "solution_follow_exercise",
    "latex_documents": [("book/index", "livre.tex", "Livre", "Nous", "manual")],
}


@pytest.fixture(scope="module")
def latex(tmp_path_factory):
    """Le fichier LaTeX d'un petit livre, selon ce que l'on choisit d'imprimer."""
    folder = tmp_path_factory.mktemp("livre")
    (folder / "book").mkdir()
    for name, text in PAGES.items():
        (folder / "book" / f"{name}.md").write_text(text, encoding="utf-8")

    def build(**choice) -> str:
        pdf.select(**choice)
        output = folder / "sortie"
        try:
            with patch_docutils(str(folder)), docutils_namespace():
                doctrees = folder / "doctrees"
                app = Sphinx(folder, None, output, doctrees, "latex", OPTIONS, status=None, warning=sys.stderr)
                app.build()
        finally:
            pdf.select()
        text = (output / "livre.tex").read_text("utf-8")
        return text[text.index(r"\begin{document}") :]

    return build


def flat(text: str) -> str:
    """Le texte d'un renvoi, sans ses commandes."""
    commands = r"\\hyperref\[\\detokenize\{[^}]*\}\]|\\sphinxcrossref|\\DUrole\{[^}]*\}|\\sphinxAtStartPar\n"
    text = re.sub(commands, "", text)
    return re.sub(r"\\pageref\{\\detokenize\{(.*?)\}\}", r"<\1>", text).replace("{", "").replace("}", "")


def test_references_carry_number_and_page(latex):
    text = flat(latex())
    assert "Le chapitre 2, Second~(p.~<book/deux:chap-deux>)" in text
    assert "notations~(annexe~A, p.~<book/notations:annexe-notations>)" in text
    assert "au chapitre 1, Premier~(p.~<book/un:chap-un>), là~(§~1.1, p.~<book/un:sec-un-detail>)" in text
    assert "(Premier, chapitre~1, p.~<book/un:chap-un>)" in text
    assert "(Second, chapitre~2, p.~<book/deux:chap-deux>)" in text


def test_solutions_are_unframed_so_that_their_code_can_be_cut(latex):
    text = latex()
    assert r"\begin{passage}{exercice}{Exercice 2.1 (Preuve)}" in text
    assert r"\begin{passage}{solution}{Solution}" in text
    assert "sphinxadmonition" not in text and r"\needspace" in text


def test_a_solution_that_opens_on_code_keeps_its_banner_with_it(latex):
    text = latex()
    (opening,) = re.findall(r"\\needspace\{([\d.]+)\\baselineskip\}\s+\\phantomsection\\label\{[^}]*\}\s+"
                            r"\\begin\{passage\}\{solution\}\{Solution\}\s+\\begin\{sphinxVerbatim\}", text)
    assert float(opening) > 6


def test_one_chapter_alone_keeps_its_numbers_and_its_references(latex):
    text = latex(chapter="deux")
    assert r"\setcounter{chapter}{1}" in text and r"\chapter{Second}" in text
    assert not any(title in text for title in ("Préface", r"\chapter{Premier}", "Notations", "Le paquet"))
    assert "au chapitre 1, Premier, là (§~1.1)".replace(" (", "~(") in flat(text).replace("\n", " ")
    assert "équation (1.1) et" in flat(text) and "Exercice 1.1" in text
    assert "book/un" not in text and r"\printindex" not in text
    for counter in (0, 1, 2):
        assert rf"\setcounter{{equation}}{{{counter}}}" in text


def test_an_appendix_alone_keeps_its_letter(latex):
    text = latex(chapter="api")
    assert r"\appendix" in text and r"\setcounter{chapter}{1}" in text and r"\chapter{Le paquet}" in text


def test_the_preface_alone(latex):
    text = latex(chapter="index")
    assert r"\chapter*{Préface}" in text and r"\chapter{" not in text
    assert "Le chapitre 2, Second, puis les notations~(annexe~A)." in flat(text)


def test_solutions_at_the_end_name_their_exercise(latex):
    text = latex(solutions="fin")
    body, end = text.split(r"\chapter*{Solutions des exercices}")
    assert "La réponse." in end and "La réponse." not in body and "Une autre question." in body
    assert r"\section*{Second}" in end and r"{Solution de l’exercice 2.1}" in end
    for number, label, place in ((1, "trois", end), (2, "quatre", body)):
        equation = rf"\begin{{equation}}\label{{equation:book/deux:eq-{label}}}"
        assert re.search(rf"\\setcounter\{{equation\}}\{{{number}\}}\s+{re.escape(equation)}", place)


def test_without_solutions_their_numbers_become_text(latex):
    text = latex(solutions="non")
    assert "La réponse." not in text and "Solution" not in text
    assert "Voir (2.2), et" in flat(text)


def test_without_the_documentation_of_the_package(latex):
    text = latex(api=False)
    assert "Le paquet" not in text and r"\chapter{Notations}" in text
