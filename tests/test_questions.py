"""Les prédictions et les questions : lues, prouvées, rendues dans la page, sur papier et en carnet, et répondues."""

from __future__ import annotations

import json
import re
from pathlib import Path

import proofs
import pytest
import questions
from playwright.sync_api import expect
from serveur import chromium, serve
from sources import BOOK, CHAPTERS, text_of
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils
from test_navigateur import AXE_COLOUR_RULES, AXE_TAGS, Tab

from notebook_utils import check_answer
from notebook_utils.questions import encode_answers

# -- les preuves -----------------------------------------------------------------------------

GLUED = {
    "rnn-taux": "98,7\u202f% (de 97,2 à 100,0)",
    "rnn-grand": "2,9·10¹⁴",
    "rnn-petit": "10⁻⁶",
    "rnn-milliers": "1\u202f024",
    "rnn-moins": "−0,26",
    "rnn-infini": "2,0 (de −∞ à ∞)",
    "rnn-mot": "l’état",
    "rnn-part": "3 graines sur 8",
    "rnn-lr_0+1": "0,01",
    "rnn-c1": "99\u202f% (de 98 à 100)",
    "rnn-c2": "12,5\u202f%",
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("98,7", 98.7), ("2,9·10¹⁴", 2.9e14), ("−0,26", -0.26), ("-3", -3),
        ("1\u202f024", 1024), ("12 345 678,5", 12345678.5), ("0", 0),
        ("10⁻⁶", 1e-6), ("−1,0·10⁻¹²", -1e-12), ("∞", float("inf")),
    ],
)
def test_french_numbers_are_read(text, value):
    assert proofs.number(text) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("98,7\u202f% (de 97,2 à 100,0)", (98.7, 97.2, 100.0)),
        ("2\u202f304 (de 2\u202f048 à 8\u202f192)", (2304, 2048, 8192)),
        ("0,0010 (de 1,0·10⁻¹² à 2,0)", (0.001, 1e-12, 2)),
        ("7", (7, 7, 7)),
        ("12 pas", (12, 12, 12)),
        ("1997a", (None, None, None)),
        ("oui", (None, None, None)),
    ],
)
def test_glued_texts_are_read(text, expected):
    assert proofs.read("a-b", text)[2:] == expected


@pytest.mark.parametrize(
    "proof",
    [
        "rnn-taux > 98 and rnn-taux.min < 97.5 < rnn-taux.max",
        "rnn-grand > 1e14 and rnn-petit < 1e-5",
        "rnn-milliers == 1024 and rnn-milliers / 2 - 12 == 500",
        "abs(rnn-moins) == 0.26 and -rnn-moins > 0",
        "rnn-infini.max > rnn-grand and rnn-infini.min < 0",
        "rnn-mot == \"l'état\" and rnn-mot != 'une-clé-qui-n-en-est-pas'",
        "rnn-part == 3 and rnn-part == '3 graines sur 8'",
        "max(rnn-taux, rnn-milliers) == rnn-milliers and min(1, rnn-petit) == rnn-petit",
        "not rnn-taux < 98 and (rnn-taux < 0 or rnn-milliers > 0)",
        "rnn-lr_0+1 == 0.01",
    ],
)
def test_a_true_proof_holds(proof):
    assert proofs.holds(proof, GLUED) is True
    assert set(proofs.keys(proof)) <= set(GLUED)


@pytest.mark.parametrize("proof", ["rnn-taux > 99", "rnn-taux.min > 97.5", "rnn-mot == 'non'", "1 < rnn-milliers < 2"])
def test_a_false_proof_does_not(proof):
    assert proofs.holds(proof, GLUED) is False


@pytest.mark.parametrize(
    ("proof", "message"),
    [
        ("rnn-absent > 1", "ne colle « rnn-absent »"),
        ("rnn-taux-1 > 97", "s'écrit entre deux espaces"),
        ("1 < 2", "aucune valeur collée"),
        ("rnn-taux", "pas une condition"),
        ("rnn-taux + 1", "pas une condition"),
        ("rnn-mot > 1", "qui n'est pas un nombre"),
        ("rnn-mot.min > 1", "qui n'est pas un nombre"),
        ("rnn-taux >", "illisible"),
        ("rnn-taux in (1, 2)", "pas permis"),
        ("rnn-taux.real > 1", "pas permis"),
        ("open(rnn-mot) == 1", "pas permis"),
        ("rnn-taux ** 2 > 1", "pas permis"),
        ("rnn-taux and rnn-grand", "relient des comparaisons"),
        ("1 / (rnn-taux - rnn-taux) > 1", "divise par zéro"),
        ("(lambda: rnn-taux)() > 1", "pas permis"),
        ("True and rnn-taux > 1", "pas permis"),
    ],
)
def test_a_faulty_proof_is_explained(proof, message):
    with pytest.raises(proofs.ProofError, match=re.escape(message)):
        proofs.holds(proof, GLUED)


# -- lire la directive -----------------------------------------------------------------------


def test_choices_and_replies_are_split():
    content = ["Regardez :", "", "```python", "- x", "```", ""]
    content += ["- Un,", "  deux.", "  : Non :", "    faux.", "", "    Fin.", "* Trois.", "  :", "  Oui."]
    lead, items = questions.split(content)
    assert lead == content[:6]
    first, second = items
    assert first == (6, "Un,\ndeux.", 8, "Non :\nfaux.\n\nFin.") and second == (12, "Trois.", 13, "Oui.")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["- Seul."], "n'a pas de réponse"),
        (["- Un.", ": Non."], "décalez la ligne"),
        (["- ", "  : Non."], "ont chacun un texte"),
        (["- Un.", "  :"], "ont chacun un texte"),
    ],
)
def test_a_faulty_list_is_explained(rows, message):
    with pytest.raises(questions.Fault, match=message):
        questions.split(rows)


@pytest.fixture
def warnings_of(tmp_path, monkeypatch):
    """Construit une page, dont les cellules auraient collé ``GLUED``, et rend ce que la construction reproche."""

    def build(text: str) -> list[str]:
        monkeypatch.setattr(questions, "glued_texts", lambda document: GLUED)
        (tmp_path / "rnn.md").write_text(text, encoding="utf-8")
        settings = {
            "extensions": ["myst_parser", "questions"], "root_doc": "rnn", "html_theme": "basic",
            "source_suffix": {".md": "markdown"},
            "myst_enable_extensions": ["dollarmath", "colon_fence"], "exclude_patterns": ["html"],
        }
        journal = tmp_path / "avertissements"
        with journal.open("w", encoding="utf-8") as warning, patch_docutils(), docutils_namespace():
            Sphinx(tmp_path, None, tmp_path / "html", tmp_path / "tree", "html", settings, None, warning, True).build()
        return [row for row in journal.read_text("utf-8").splitlines() if "copy static files" not in row]

    return build


GOOD = """# Essai

```{prediction} Quelle part ?
:name: pred-rnn-part
:juste: b
:preuve: rnn-taux > 98

- Peu.
  : Non.
- Presque tout.
  : Oui.
```

```{question} Et ensuite ?
:name: quiz-rnn-1
:juste: a

- Rien.
  : Oui.
- Tout.
  : Non.
```

```{prediction} Combien ?
:name: pred-rnn-combien
:nombre: rnn-taux
:echelle: 0 100
:unite: "%"

Parce que.
```

```{prediction} Quelle courbe ?
:name: pred-rnn-courbe
:courbe: rnn-c1 rnn-taux rnn-c2
:abscisses: 1 2 4
:axe: dates
:echelle: 0 100
:unite: "%"

Une fin.
```
"""


def test_a_good_page_builds_without_a_word(warnings_of):
    assert warnings_of(GOOD) == []


@pytest.mark.parametrize(
    ("before", "after", "line", "message"),
    [
        ("rnn-taux > 98", "rnn-taux > 99", 3, "est fausse : rnn-taux vaut « 98,7 % (de 97,2 à 100,0) »"),
        ("rnn-taux > 98", "rnn-autre > 98", 3, "ne colle « rnn-autre »"),
        (":preuve: rnn-taux > 98\n", "", 3, "sans preuve"),
        (":juste: b", ":juste: c", 3, "« :juste: c » n'est pas l'un des choix, de a à b"),
        (":juste: b\n", "", 3, "n'est pas l'un des choix"),
        ("  : Oui.\n```\n\n```{question}", "```\n\n```{question}", 10, "« Presque tout. » n'a pas de réponse"),
        (":name: pred-rnn-part\n", "", 3, "sans nom"),
        ("pred-rnn-part", "pred-autre-part", 3, "devrait être « pred-rnn-…"),
        ("pred-rnn-combien", "pred-rnn-part", 24, "est déjà celui d'une autre"),
        ("quiz-rnn-1", "quiz-rnn-2", 14, "devrait être « quiz-rnn-1 »"),
        ("- Peu.\n  : Non.\n", "", 3, "1 choix"),
        ("- Peu.", "- Peu.\n\n  Mais.", 8, "un choix tient en un paragraphe"),
        ("  : Non.\n- Presque", ": Non.\n- Presque", 9, "décalez la ligne de deux espaces"),
        (":nombre: rnn-taux", ":nombre: rnn-mot", 24, "n'est pas un nombre"),
        (":nombre: rnn-taux", ":nombre: rnn-rien", 24, "ne colle « rnn-rien »"),
        (":echelle: 0 100", ":echelle: 0 50", 24, "hors de l'échelle de 0 à 50"),
        (":echelle: 0 100", ":echelle: 0", 24, "« :echelle: » a deux nombres"),
        (":echelle: 0 100", ":echelle: 100 0", 24, "du plus petit au plus grand"),
        ("Parce que.", "- Un.\n  : Oui.", 24, "pas les deux"),
        (":juste: b", ":juste: b\n:pas: 2", 3, "« :pas: » ne va pas avec des choix"),
        ("rnn-c1 rnn-taux rnn-c2", "rnn-c1 rnn-c2", 33, "nomme 2 valeurs, « :abscisses: » en place 3"),
        ("rnn-c1 rnn-taux rnn-c2", "rnn-c1 rnn-mot rnn-c2", 33, "n'est pas un nombre"),
        ("rnn-c1 rnn-taux rnn-c2", "rnn-c1 rnn-c3 rnn-c2", 33, "ne colle « rnn-c3 »"),
        ("rnn-c1 rnn-taux rnn-c2", "rnn-c1 rnn-milliers rnn-c2", 33, "hors de l'échelle de 0 à 100"),
        (":axe: dates\n", "", 33, "« :axe: » nomme"),
        (":axe: dates", ":axe: dates\n:nombre: rnn-taux", 33, "« :abscisses: » ne va pas avec « :nombre: »"),
        (":axe: dates", ":axe: dates\n:juste: a", 33, "pas les deux"),
        ("Une fin.", "- Un.\n  : Oui.\n- Deux.\n  : Non.", 33, "pas les deux"),
        ("Quelle part ?", "Quelle {ref}`part` ?", 3, "par « ::: »"),
    ],
)
def test_a_fault_stops_the_build_where_it_is(warnings_of, before, after, line, message):
    assert before in GOOD
    found = warnings_of(GOOD.replace(before, after, 1))
    assert [row for row in found if re.search(rf"rnn\.md:{line}: ", row) and message in row], found


# -- une page construite ---------------------------------------------------------------------

PAGE = r"""---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

(chap-essai)=
# Essai

$$
a = b
$$ (eq-essai)

:::{prediction} Que fait $h_t$ selon l'équation {eq}`eq-essai` ?
:name: pred-essai-norme
:juste: b
:preuve: essai-max > 30 and essai-part.max == 100

- Elle décroît.
  : Non : le chapitre {ref}`chap-essai`
    dit pourquoi, $x^2$.
- Elle gonfle jusqu'à {glue:text}`essai-max`.
  : Oui.
- Elle explose.
  : Non plus.
:::

```{prediction} Quelle part des graines réussit ?
:name: pred-essai-part
:nombre: essai-part
:echelle: 0 100
:unite: "%"

L'explication, $y = 2$.
```

```{prediction} Dessinez la part, selon la longueur. Où casse-t-elle ?
:name: pred-essai-courbe
:courbe: essai-un essai-part essai-trois
:abscisses: 1 2 3
:axe: longueur
:echelle: 0 100
:unite: "%"
:tolerance: 15

Après la cassure, $z = 3$.
```

```{code-cell} ipython3
from notebook_utils import glue_number, glue_range

glue_number("essai-max", 34.5)
glue_range("essai-part", [97.2, 98.7, 100.0], unit="%")
glue_number("essai-un", 100, unit="%")
glue_number("essai-trois", 12.5, unit="%")
```

```{plus-loin} La suite
```

```{question} Une question dans un repli ?
:name: quiz-essai-1
:juste: a

- Oui.
  : Bien.
- Non.
  : Mal.
```

```{fin-plus-loin}
```
"""
NAMES = ("pred-essai-norme", "pred-essai-part", "pred-essai-courbe", "quiz-essai-1")
LIST = "# Pour les enseignants\n\n```{liste-questions}\n```\n"
INDEX = "# Livre\n\n```{toctree}\n:numbered:\nessai\nenseignants\n```\n"
EXTENSIONS = ["myst_nb", "sphinx_exercise", "sphinx_proof", "sphinx_book_theme"]
EXTENSIONS += ["french", "folds", "questions", "notebooks", "pdf", "mathjax_local", "palette_css"]
SETTINGS = {
    "extensions": EXTENSIONS, "root_doc": "book/index", "source_suffix": {".md": "myst-nb"}, "language": "fr",
    "numfig": True, "math_numfig": True,
    "exclude_patterns": ["sortie", "doctrees*", "jupyter_execute"], "nb_execution_mode": "force", "smartquotes": False,
    "myst_enable_extensions": ["amsmath", "colon_fence", "deflist", "dollarmath"], "latex_engine": "lualatex",
    "exercise_style": "solution_follow_exercise", "html_theme": "sphinx_book_theme",
    "html_static_path": [str(BOOK / "_static")], "html_css_files": ["livre.css"],
    "html_context": {"default_mode": "auto"},
    "html_theme_options": {"repository_url": "https://github.com/moi/cours",
                           "launch_buttons": {"binderhub_url": "https://mybinder.org"}},
}


def write(root: Path, builder: str, output: Path) -> None:
    """Construit le petit livre, sans un avertissement."""
    journal = (root / f"{output.name}.txt").open("w+", encoding="utf-8")
    with patch_docutils(str(root)), docutils_namespace():
        Sphinx(root, None, output, root / "doctrees", builder, SETTINGS, None, journal).build()
    journal.seek(0)
    assert not re.findall(r".*(?:WARNING|ERROR): .*", journal.read())


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Les sorties d'un petit livre : ``project("html")`` est un dossier."""
    root = tmp_path_factory.mktemp("livre")
    (root / "book").mkdir()
    for name, text in {"index": INDEX, "essai": PAGE, "enseignants": LIST}.items():
        (root / "book" / f"{name}.md").write_text(text, encoding="utf-8")
    done = {}

    def build(builder: str) -> Path:
        if builder not in done:
            done[builder] = root / "sortie" / builder
            write(root, builder, done[builder])
        return done[builder]

    return build


def test_the_page_is_readable_without_javascript(project):
    page = (project("html") / "book" / "essai.html").read_text("utf-8")
    first = page[page.index('id="pred-essai-norme"') : page.index('id="pred-essai-part"')]
    assert ">Prédiction 1<" in first and 'href="#pred-essai-norme"' in first
    assert first.count("data-choix=") == 3 and "34,5" in first
    assert "<summary>Voir les réponses</summary>" in first and first.count("✓ Bonne réponse.") == 1
    assert re.search(r"✓ Bonne réponse\.</p>\s*<div data-reponse=\"b\">", first)
    second = page[page.index('id="pred-essai-part"') : page.index('id="pred-essai-courbe"')]
    assert "De 0 à 100\u202f%." in second and "Valeur mesurée : 98,7\u202f% (de 97,2 à 100,0)." in second
    assert 'data-valeur="98.7"' in second
    third = page[page.index('id="pred-essai-courbe"') :]
    assert "Une valeur de 0 à 100\u202f% pour chaque abscisse (longueur) : 1, 2, 3." in third
    assert '<th scope="row">3</th><td>12,5\u202f%</td>' in third and 'data-valeurs="100.0|98.7|12.5"' in third
    assert ">Question 1<" in third
    assert "questions.js" in page and "questions.css" in page


def test_the_list_of_lecturers_links_every_question(project):
    page = (project("html") / "book" / "enseignants.html").read_text("utf-8")
    for name in NAMES:
        assert f'href="essai.html#{name}"' in page
    assert 'href="essai.html#equation-eq-essai"' in page and "(réponse b)" in page and "1. Essai" in page
    assert "MathJax" in page or "mathjax" in page


def test_answers_close_the_chapter_on_paper(project):
    (path,) = project("latex").glob("*.tex")
    text = path.read_text("utf-8").replace("\xa0", " ")
    question, answers = text.split(r"\section*{Réponses aux questions}")
    assert question.count(r"\begin{passage}{question}") == 4 and r"{Prédiction 1}" in question
    assert "Elle explose" in question and "Non plus" not in question and "Non plus" in answers
    assert r"\label{\detokenize{book/essai:pred-essai-norme}}" in question
    assert r"\pageref{\detokenize{book/essai:pred-essai-norme}}) : réponse b." in answers
    assert "98,7" in answers and "L’explication" in answers
    assert question.count(r"\begin{tikzpicture}") == 1 and "at (3, 0) {3};" in question and "{50};" in question
    assert ": 1, 100" in answers and "; 3, 12,5" in answers and "Après la cassure" in answers
    assert text.count(r"\eqref{equation:book/essai:eq-essai}") == 2  # dans la liste des enseignants aussi


def test_a_paper_without_solutions_has_no_answer(project, monkeypatch):
    import pdf

    monkeypatch.setattr(pdf, "selection", pdf.Selection(solutions="non"))
    folder = project("latex").with_name("sans")
    write(folder.parents[1], "latex", folder)
    (path,) = folder.glob("*.tex")
    text = path.read_text("utf-8")
    assert "Réponses aux questions" not in text and "Non plus" not in text and "Elle explose" in text


def question_cells(folder: Path, name: str) -> list[str]:
    cells = json.loads((folder / name).read_text("utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if "question" in cell["metadata"].get("tags", [])]


@pytest.mark.parametrize("name", ["essai.ipynb", "tp/essai.ipynb"])
def test_a_notebook_answers(project, name):
    """Telle qu'engendrée, la cellule dit quoi faire et ne montre pas les réponses ; une lettre y suffit."""
    folder = project("notebooks")
    text = (folder / name).read_text("utf-8")
    assert "**Prédiction 1.** Que fait $h_t$ selon l’équation (1.1)" in text and "- **c.** Elle explose." in text
    codes = question_cells(folder, name)
    assert len(codes) == 4 and not any("Non" in code or "Bien." in code for code in codes)

    def run(code: str) -> str:
        known: dict = {}
        *body, last = code.splitlines()
        exec("\n".join(body), known)
        return str(eval(last, known))

    assert 'à la place de ""' in run(codes[0])
    assert run(codes[0].replace('("",', '("b",')) == "✓ Réponse b, la bonne. Oui."
    assert "✗ Réponse a. Non : le chapitre Essai" in run(codes[0].replace('("",', '("A",')).replace("\xa0", " ")
    assert "98,7" in run(codes[1].replace('("",', "(50,")) and run(codes[3].replace('("",', '("b",')).endswith("Mal.")
    assert "Vos 3 valeurs" in codes[2] and "longueur" in run(codes[2])
    assert "2 sur 3" in run(codes[2].replace('("",', "([95, 95, 95],"))


# -- la fonction du paquet -------------------------------------------------------------------

KEY = encode_answers({"juste": "b", "reponses": {"a": "Il oublie $h_t$.", "b": "Il retient."}})
NUMBER = encode_answers({"valeur": 98.7, "texte": "98,7 %", "tolerance": 5, "reponse": "Presque tout."})
CURVE = encode_answers({"axe": "pas", "abscisses": ["1", "2"], "valeurs": [98.7, 3], "textes": ["98,7 %", "3 %"],
                        "tolerance": 5, "reponse": "Elle casse."})  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "key", "told"),
    [
        ("b", KEY, "✓ Réponse b, la bonne. Il retient."),
        (" A ", KEY, "✗ Réponse a. Il oublie $h_t$."),
        ("", KEY, '"a" ou "b"'),
        (None, KEY, '"a" ou "b"'),
        (95, NUMBER, "✓ Bien vu. Valeur mesurée : 98,7 %.\n\nPresque tout."),
        (50.0, NUMBER, "✗ Ce n'est pas cela."),
        ("", NUMBER, "un nombre"),
        ("", CURVE, "une valeur par abscisse (pas) : 1, 2"),
        ([100, 0], CURVE, "✓ Bien vu. Valeurs mesurées (pas) :\n\n- 1 : 98,7 %\n- 2 : 3 %\n\nElle casse."),
        ((100, 50.0), CURVE, "✗ Points assez proches de la mesure : 1 sur 2."),
    ],
)
def test_check_answer(answer, key, told):
    reply = check_answer(answer, key)
    assert told in reply and repr(reply) == reply == reply._repr_markdown_()


@pytest.mark.parametrize(
    ("answer", "key", "error", "message"),
    [
        ("z", KEY, ValueError, "answer : reçu 'z', attendu \"a\" ou \"b\""),
        (1, KEY, TypeError, "answer : reçu 1"),
        ("a", NUMBER, TypeError, "answer : reçu 'a'"),
        (float("nan"), NUMBER, ValueError, "answer : reçu nan"),
        ("a", CURVE, TypeError, "answer : reçu 'a' (str), attendu une liste de 2 nombres"),
        ([1], CURVE, ValueError, "answer : reçu 1 valeurs, attendu une liste de 2 nombres"),
        ([1, "b"], CURVE, TypeError, "answer : reçu 'b' (str), attendu une liste de 2 nombres"),
        ([1, float("nan")], CURVE, ValueError, "answer : reçu nan"),
        ("a", KEY[:-8], ValueError, "key : reçu un texte abîmé"),
        ("a", "é", ValueError, "key : reçu un texte abîmé"),
        ("a", encode_answers([1]), ValueError, "key : reçu un texte abîmé"),
        ("a", encode_answers({"autre": 1}), ValueError, "key : reçu un texte abîmé"),
        ("a", "", ValueError, "key : reçu une chaîne vide"),
        ("a", 3, TypeError, "key : reçu int"),
    ],
)
def test_check_answer_refuses(answer, key, error, message):
    with pytest.raises(error, match=re.escape(message)):
        check_answer(answer, key)


# -- dans un navigateur ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def site(project):
    with serve(project("html")) as url:
        yield url


@pytest.fixture
def tab(browser, site):
    with browser.new_context(locale="fr-FR", reduced_motion="reduce", color_scheme="light") as context:
        yield opened(context, site)


def opened(context, site: str, hash_: str = "") -> Tab:
    tab = Tab(context, site)
    tab.page.set_default_timeout(20_000)
    tab.page.route("**/favicon.ico", lambda route: route.fulfill(body=""))
    tab.open(f"book/essai.html{hash_}")
    return tab


KINDS = pytest.mark.parametrize(
    ("name", "keys", "told", "kept"),
    [
        ("pred-essai-norme", ["Space", "ArrowDown"], "✓ Réponse b, la bonne", {"answer": "b"}),
        ("pred-essai-part", ["ArrowRight"] * 20, "Vous avez prévu 70", {"answer": 70}),
        ("pred-essai-courbe", ["End", "Tab", "End", "Tab", "Home"], "Bien vu. Points à 15\u202f% près : 3 sur 3",
         {"answer": [100, 100, 0]}),
        ("quiz-essai-1", ["Space", "ArrowDown"], "✗ Réponse b", {"answer": "b"}),
    ],
)


def answer(tab: Tab, name: str, keys: list[str]):
    """Répond au clavier seul, et rend la question."""
    tab.page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    question = tab.page.locator(f"[id='{name}']")
    question.locator("input").first.focus()
    for key in keys:
        tab.page.keyboard.press(key)
    tab.page.keyboard.press("Tab")
    expect(question.get_by_role("button", name="Répondre")).to_be_focused()
    tab.page.keyboard.press("Enter")
    return question


@KINDS
def test_a_question_is_answered_with_the_keyboard(tab, name, keys, told, kept):
    """Groupe nommé, réponse annoncée, choix gardé d'une visite à l'autre, puis oublié sur demande."""
    question = answer(tab, name, keys)
    expect(question.get_by_role("group", name=re.compile(r"\?$"))).to_be_visible()
    live = question.locator("[aria-live=polite]")
    expect(live).to_contain_text(told)
    (key,) = tab.page.evaluate("Object.keys(localStorage).filter(key => key.includes('questions/'))")
    assert key.endswith(f"/book/essai/{name}")
    state = json.loads(tab.page.evaluate("key => localStorage.getItem(key)", key))
    assert {each: state[each] for each in kept} == kept

    tab.open("book/essai.html")
    expect(live).to_contain_text(told)
    tab.page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    again = question.get_by_role("button", name="Recommencer")
    again.focus()
    tab.page.keyboard.press("Enter")
    expect(live).to_be_empty()
    expect(question.locator("input").first).to_be_focused()
    assert tab.page.evaluate("Object.keys(localStorage).filter(key => key.includes('questions/'))") == []
    tab.check()


def test_a_reader_may_change_their_mind(tab):
    question = tab.page.locator("[id='pred-essai-norme']")
    live, submit = question.locator("[aria-live]"), question.get_by_role("button", name="Répondre")
    submit.click()
    expect(live).to_have_text("Choisissez d’abord une réponse.")
    question.get_by_role("radio").nth(0).check()
    submit.click()
    expect(live).to_contain_text("✗ Réponse a")
    expect(question.locator(".question-marque").nth(0)).to_have_text("✗ mauvaise réponse")
    assert not question.locator(".question-marque").nth(1).inner_text()
    question.get_by_role("radio").nth(1).check()
    submit.click()
    expect(live).to_contain_text("Oui.")
    expect(live).not_to_contain_text("Non :")
    expect(question.locator(".question-marque").nth(1)).to_have_text("✓ bonne réponse")
    question.get_by_role("button", name="Voir toutes les réponses").click()
    expect(live.locator("[data-reponse]")).to_have_count(3)
    assert live.locator("mjx-container").count() == 1
    tab.check()


def test_a_curve_is_drawn_with_the_pointer(tab):
    """Un trait de la souris passe par toutes les abscisses ; la mesure rejoint le dessin, et disparaît avec lui."""
    question = tab.page.locator("[id='pred-essai-courbe']")
    plot, inputs = question.locator("svg.question-courbe"), question.locator("input")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    at = lambda x, y: (box["x"] + box["width"] * x / 320, box["y"] + box["height"] * y / 196)  # noqa: E731
    tab.page.mouse.move(*at(60, 12))
    tab.page.mouse.down()
    tab.page.mouse.move(*at(300, 160))
    tab.page.mouse.up()
    assert [each.input_value() for each in inputs.all()] == ["100", "50", "0"]
    expect(question.locator("output").nth(1)).to_have_text("50\u202f%")
    tab.page.mouse.move(*at(200, 12))  # sans appuyer : rien ne change
    assert inputs.nth(2).input_value() == "0"
    expect(question.locator("svg rect")).to_have_count(0)
    question.get_by_role("button", name="Répondre").click()
    expect(question.locator("svg rect")).to_have_count(3)
    expect(question.locator("[aria-live]")).to_contain_text("2 sur 3. Le plus grand écart (longueur = 2) : vous 50")
    expect(question.locator("[aria-live] table")).to_be_visible()
    question.get_by_role("button", name="Recommencer").click()
    expect(question.locator("svg rect")).to_have_count(0)
    assert [each.input_value() for each in inputs.all()] == ["50", "50", "50"]
    tab.check()


def test_a_question_that_changed_forgets_the_old_answer(tab):
    key = "reseaux-recurrents/questions/book/essai/pred-essai-norme"
    for stale in ('{"version": "autre", "answer": "a"}', "pas du JSON", "null"):
        tab.page.evaluate("([key, value]) => localStorage.setItem(key, value)", [key, stale])
        tab.open("book/essai.html")
        expect(tab.page.locator("[id='pred-essai-norme'] [aria-live]")).to_be_empty()
        tab.check()


REFUSED = """for (const name of ["getItem", "setItem", "removeItem"]) {
  const original = Storage.prototype[name];
  Storage.prototype[name] = function (key, ...rest) {
    if (key.includes("questions/")) throw new DOMException("refusé", "SecurityError");
    return original.call(this, key, ...rest);
  };
}"""


@KINDS
def test_a_refused_memory_changes_nothing_else(browser, site, name, keys, told, kept):
    with browser.new_context(reduced_motion="reduce") as context:
        context.add_init_script(REFUSED)
        tab = opened(context, site)
        question = answer(tab, name, keys)
        expect(question.locator("[aria-live]")).to_contain_text(told)
        question.get_by_role("button", name="Recommencer").click()
        expect(question.locator("[aria-live]")).to_be_empty()
        tab.check()


def test_without_javascript_answers_are_in_a_fold(browser, site):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{site}/book/essai.html")
        question = page.locator("[id='pred-essai-norme']")
        assert question.locator("form").count() == 0
        expect(question.get_by_text("Elle explose.")).to_be_visible()
        expect(question.get_by_text("Non plus.")).not_to_be_visible()
        question.get_by_text("Voir les réponses").click()
        expect(question.get_by_text("Non plus.")).to_be_visible()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_questions_are_accessible_and_fit(tab, width):
    """Avant et après la réponse, dans les deux thèmes, aucune règle d'axe-core n'est enfreinte, rien ne dépasse."""
    tab.page.set_viewport_size({"width": width, "height": 800})
    for answered in (False, True):
        if answered:
            for name in NAMES:
                answer(tab, name, ["Home", "Tab", "Tab"] if "courbe" in name else ["Space"])
        tab.page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
        for theme, rules in (("light", AXE_TAGS), ("dark", AXE_COLOUR_RULES)):
            tab.set_theme(theme)
            for name in NAMES:
                assert not tab.violations(rules, f"#{name}")
        inside = """[...document.querySelectorAll('.exercice-rapide *')].filter(part =>
          part.scrollWidth > part.clientWidth + 1 && getComputedStyle(part).display !== 'inline'
          && !part.closest('mjx-container, pre, details.hide')).map(part => part.outerHTML.slice(0, 90))"""
        assert tab.page.evaluate(inside) == []
        small = """[...document.querySelectorAll('.exercice-rapide :is(button, input)')]
          .filter(part => part.offsetParent).map(part => (part.closest('label') ?? part).getBoundingClientRect())
          .filter(({width, height}) => width < 24 || height < 24).length"""
        assert tab.page.evaluate(small) == 0
    tab.check()


def test_printing_keeps_what_the_reader_left(tab):
    answer(tab, "pred-essai-norme", ["Space"])
    tab.page.emulate_media(media="print")
    question = tab.page.locator("[id='pred-essai-norme']")
    expect(question.get_by_text("Elle explose.")).to_be_visible()
    expect(question.locator("[aria-live]")).to_be_visible()
    expect(question.get_by_role("button", name="Répondre")).not_to_be_visible()


# -- les chapitres ---------------------------------------------------------------------------


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_a_chapter_has_three_predictions_and_five_questions(page):
    """Ou aucune, tant qu'elles ne sont pas écrites."""
    counts = [len(re.findall(rf"^(?:`{{3,}}|:{{3,}}|~{{3,}})\{{{kind}\}} ", text_of(page), re.MULTILINE))
              for kind in ("prediction", "question")]  # fmt: skip
    assert counts == [0, 0] or counts[0] >= 3 and counts[1] == 5
