"""Les carnets : rien ne s'y perd en silence, un exercice y a sa cellule vide, les solutions y sont étiquetées."""

from __future__ import annotations

import ast
import json
import re
import shutil
import struct
import sys
import tomllib
import zipfile
import zlib
from importlib.metadata import packages_distributions
from pathlib import Path

import names
import nbformat
import notebook_markdown as markdown
import pytest
from nbclient import NotebookClient
from sources import EXECUTED, ROOT
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.docutils import docutils_namespace, patch_docutils

EXTENSIONS = ["myst_nb", "sphinx_exercise", "sphinx_proof", "sphinx_book_theme", "folds", "notebooks"]
OPTIONS = {
    "extensions": EXTENSIONS,
    "root_doc": "book/essai",
    "exclude_patterns": ["sortie", "doctrees", "jupyter_execute"],
    "language": "fr",
    "numfig": True,
    "math_numfig": True,
    "numfig_secnum_depth": 1,
    "numfig_format": {"figure": "Figure %s", "table": "Tableau %s", "code-block": "Code %s"},
    "myst_enable_extensions": ["amsmath", "colon_fence", "deflist", "dollarmath", "attrs_inline", "strikethrough"],
    "suppress_warnings": ["myst.strikethrough"],
    "nb_execution_mode": "off",
    "exercise_style": "solution_follow_exercise",
    "smartquotes": False,
    "html_theme": "sphinx_book_theme",
    "html_theme_options": {
        "repository_url": "https://github.com/moi/cours",
        "launch_buttons": {"binderhub_url": "https://mybinder.org"},
    },
}
HEADER = """---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

# Essai

"""


def write_png(path: Path) -> None:
    """Un carré bleu d'un pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0\0\xff")) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)


@pytest.fixture
def built(tmp_path):
    """Construit les carnets d'une page d'essai, et donne leur dossier."""

    def build(text: str) -> Path:
        book = tmp_path / "book"
        book.mkdir(exist_ok=True)
        (book / "essai.md").write_text(HEADER + text, encoding="utf-8")
        output = tmp_path / "sortie"
        with patch_docutils(str(tmp_path)), docutils_namespace():
            app = Sphinx(
                tmp_path, None, output, tmp_path / "doctrees", "notebooks", confoverrides=OPTIONS,
                status=None, warning=sys.stderr, warningiserror=True,
            )
            app.build()
        return output

    return build


@pytest.fixture
def cells(built):
    def read(text: str) -> list[dict]:
        return json.loads((built(text) / "essai.ipynb").read_text("utf-8"))["cells"]

    return read


def source(cells: list[dict]) -> str:
    return "\n\n".join("".join(cell["source"]) for cell in cells)


@pytest.fixture
def markdown_of(cells):
    return lambda text: source(cells(text))


# -- texte -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("5 $ et 6 $", r"5 \$ et 6 \$"),
        ("a * b", r"a \* b"),
        ("_a_ et x_1", r"\_a\_ et x_1"),
        (r"C:\temp", r"C:\\temp"),
        ("<balise> et 2 < 3", r"\<balise> et 2 < 3"),
        ("&amp; et R & D", r"\&amp; et R & D"),
        ("[0, 1] et [a](b) et [^1]", "[0, 1] et &#91;a](b) et &#91;^1]"),
        ("~~barré~~", r"\~~barré\~~"),
    ],
)
def test_ordinary_text_is_never_taken_for_markdown(typed, written):
    assert markdown.escaped(typed) == written


@pytest.mark.parametrize("start", ["1. ", "2) ", "- ", "+ ", "> ", "# ", "::: ", "---"])
def test_a_paragraph_never_starts_a_block(start):
    assert markdown.paragraph(start + "texte").lstrip("0123456789").startswith("\\")


def test_other_paragraphs_are_left_alone():
    for text in ("1,5 fois", "1997 : la LSTM", "-1 est négatif", "#1"):
        assert markdown.paragraph(text) == text


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("a | b", r"a \| b"),
        ("`a | b`", r"`a \| b`"),
        ("$|x|$ et $\\|h\\|$", r"$\vert x\vert $ et $\Vert h\Vert $"),
        (r"un prix, 5 \$ | 6 \$", r"un prix, 5 \$ \| 6 \$"),
        ("un\n\ndeux", "un<br>deux"),
    ],
)
def test_a_bar_never_cuts_a_row(cell, written):
    assert markdown.table_cell(cell) == written


def test_fences_are_longer_than_what_they_hold():
    assert markdown.block("```python\nx\n```", "md") == "````md\n```python\nx\n```\n````"
    assert markdown.code("a`b") == "`` a`b ``" and markdown.code("x") == "`x`"


def test_alternative_texts_keep_their_brackets():
    assert markdown.alternative("de [0, 1] à 2") == "de [0, 1] à 2"
    assert markdown.alternative("un [ seul") == "un &#91; seul"


# -- constructions de MyST -------------------------------------------------------------------


def test_escapes_survive(markdown_of):
    text = markdown_of("Une étoile \\* et 5 \\$ et 6 \\$.\n\n1\\. Pas une liste.\n")
    assert r"Une étoile \* et 5 \$ et 6 \$." in text and r"1\. Pas une liste." in text


def test_tables_survive(markdown_of):
    text = markdown_of(
        "| Cellule | Norme | Code |\n|---|---|---|\n| RNN | $\\lvert x \\rvert$ | `a \\| b` |\n\n"
        "```{list-table} Une légende.\n:header-rows: 1\n:name: tab-essai\n\n* - Cellule\n  - Condition\n"
        "* - RNN\n  - $P(y \\mid x)$ et $|w| < 1$, ou `a | b`\n```\n\n"
        "```{list-table}\n\n* - sans\n  - titre\n```\n"
    )
    assert r"| RNN | $\lvert x \rvert$ | `a \| b` |" in text
    assert "**Tableau 1.** Une légende." in text
    assert r"| RNN | $P(y \mid x)$ et $\vert w\vert  < 1$, ou `a \| b` |" in text
    assert "|  |  |\n| --- | --- |\n| sans | titre |" in text


def test_nested_fences_survive(markdown_of):
    text = markdown_of("````md\n```python\nx = 1\n```\n````\n\nUn nom : `` a`b ``.\n")
    assert "````md\n```python\nx = 1\n```\n````" in text and "`` a`b ``" in text


def test_footnotes_survive(markdown_of):
    text = markdown_of("Une affirmation[^a] à préciser.\n\n[^a]: La précision, en bas de page.\n")
    assert "affirmation<sup>1</sup> à préciser" in text
    assert "<sup>1</sup> La précision, en bas de page." in text


def test_margins_survive(markdown_of):
    text = markdown_of(":::{margin} Une remarque\nDans la marge.\n:::\n\nDu texte.\n")
    assert "> **Une remarque**\n>\n> Dans la marge." in text
    assert "> Sans titre." in markdown_of(":::{margin}\nSans titre.\n:::\n")


def test_statements_are_numbered_in_french(markdown_of):
    text = markdown_of(
        ":::{prf:theorem} Un titre\n:label: thm-essai\n\nUne borne : $|w| < 1$.\n:::\n\n"
        ":::{prf:lemma}\n:label: lem-essai\n:nonumber:\n\nSans numéro.\n:::\n\n"
        ":::{prf:proof}\nPar l'absurde.\n:::\n"
    )
    assert "> **Théorème 1 (Un titre)**\n>\n> Une borne : $|w| < 1$." in text
    assert "> **Lemme**\n>\n> Sans numéro." in text
    assert "> **Démonstration.** Par l'absurde." in text
    assert not re.search(r"Theorem|Lemma\b|Proof", text)


def test_small_markup_survives(markdown_of):
    text = markdown_of("H{sub}`2`O, x{sup}`2`, {kbd}`Ctrl`, {abbr}`RNN (réseau récurrent)`.\n")
    assert "H<sub>2</sub>O, x<sup>2</sup>, `Ctrl`, RNN (réseau récurrent)." in text


# -- images ----------------------------------------------------------------------------------


def test_images_of_the_author_are_attached(tmp_path, cells):
    (tmp_path / "book").mkdir()
    write_png(tmp_path / "book" / "carre.png")
    write_png(tmp_path / "book" / "rond.png")
    (tmp_path / "book" / "rond.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8")
    found = cells(
        "Voyez ![Un carré bleu.](carre.png) ici.\n\n"
        "```{figure} carre.png\n:name: fig-essai-carre\n:alt: Un carré.\n\n"
        "Une légende.\n\nUne suite de légende.\n```\n\n"
        "![Un rond.](rond.svg)\n"
    )
    text = source(found)
    assert "Voyez ![Un carré bleu.](attachment:carre.png) ici." in text
    assert "![Un carré.](attachment:carre.png)\n\n**Figure 1.** Une légende.\n\nUne suite de légende." in text
    assert "![Un rond.](attachment:rond.png)" in text
    for cell in found:
        named = set(re.findall(r"attachment:([\w.-]+)", "".join(cell["source"])))
        assert named == set(cell.get("attachments", {}))
        assert all(list(data) == ["image/png"] for data in cell.get("attachments", {}).values())


def test_an_image_that_cannot_be_attached_is_an_error(tmp_path, built):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "seul.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8")
    with pytest.raises(SphinxError, match=r"book/essai\.md:\d+: nœud « image ».*seul\.svg.*seul\.png"):
        built("Voyez ![Un dessin.](seul.svg) ici.\n")


@pytest.mark.parametrize(
    ("text", "node", "line"),
    [
        ('Avant.\n\n<iframe src="https://example.org" title="Une vidéo"></iframe>\n', "raw", 10),
        ("Avant.\n\n```{eval-rst}\n:Champ: valeur\n```\n", "field_list", None),
        ("```{list-table}\n:header-rows: 1\n\n* - A\n* - - un\n    - deux\n```\n", "bullet_list", None),
    ],
)
def test_what_cannot_be_written_is_named_with_its_place(built, text, node, line):
    with pytest.raises(SphinxError) as error:
        built(text)
    assert re.search(rf"book/essai\.md:\d+: nœud « {node} »", str(error.value))
    assert line is None or f"book/essai.md:{line}:" in str(error.value)


# -- exercices et solutions ------------------------------------------------------------------

EXERCISES = """
```{exercise} Calcul (★, 5 min) : un essai
:label: exo-essai-un

Une question.
```

```{solution-start} exo-essai-un
:class: dropdown
```

La réponse.

```{code-cell} ipython3
reponse = 42
```

```{solution-end}
```

```{exercise} Sans numéro
:label: exo-essai-deux
:nonumber:

Énoncé.
```

```{solution} exo-essai-deux
En une phrase.
```

```{exercise-start}
:label: exo-essai-trois
```

Énoncé avec code.

```{code-cell} ipython3
donnee = 2
```

```{exercise-end}
```

## Après

```{code-cell} ipython3
fin = 3
```
"""


def test_exercises_have_their_title_and_an_empty_cell(cells):
    found = cells(EXERCISES)
    text = source(found)
    assert "> **Exercice 1 (Calcul (★, 5 min) : un essai)**" in text
    assert "> **Exercice (Sans numéro)**" in text and "**Exercice 2**" in text and "****" not in text
    empty = [rank for rank, cell in enumerate(found) if cell["cell_type"] == "code" and not cell["source"]]
    before = ["".join(found[rank - 1]["source"]) for rank in empty]
    assert len(empty) == 3
    assert "Une question." in before[0] and before[1].endswith("Énoncé.") and before[2] == "donnee = 2"


def test_solutions_are_tagged_and_absent_from_exercise_notebooks(built):
    folder = built(EXERCISES)
    full, bare = (json.loads((folder / name).read_text("utf-8"))["cells"] for name in ("essai.ipynb", "tp/essai.ipynb"))
    solutions = [cell for cell in full if "solution" in cell["metadata"].get("tags", [])]
    assert source(solutions).count("Solution") == 2
    for text in ("La réponse.", "reponse = 42", "En une phrase."):
        assert text in source(solutions) and text not in source(bare)
    for text in ("Une question.", "Énoncé.", "donnee = 2", "fin = 3"):
        assert text in source(bare) and text not in source(solutions)
    assert len(bare) == len(full) - len(solutions)
    assert len({cell["id"] for cell in full}) == len(full)


def test_the_first_cell_tells_how_to_open_the_notebook(built):
    folder = built("Du texte.\n")
    for name in ("essai.ipynb", "tp/essai.ipynb"):
        first = "".join(json.loads((folder / name).read_text("utf-8"))["cells"][0]["source"])
        assert first.startswith("# 1. Essai") or first.startswith("# Essai")
        assert "make jupyter" in first and "pip install git+https://github.com/moi/cours" in first
        assert f"(https://mybinder.org/v2/gh/moi/cours/main?urlpath=lab/tree/carnets/{name})" in first


def test_the_archive_holds_every_notebook_and_forgets_removed_pages(built):
    folder = built("Du texte.\n")
    shutil.copy(folder / "essai.ipynb", folder / "ancien.ipynb")
    first = (folder / "carnets.zip").read_bytes()
    built("Du texte.\n")
    with zipfile.ZipFile(folder / "carnets.zip") as archive:
        assert archive.namelist() == ["carnets/essai.ipynb", "carnets/tp/essai.ipynb"]
        assert archive.read("carnets/essai.ipynb") == (folder / "essai.ipynb").read_bytes()
    assert (folder / "carnets.zip").read_bytes() == first and not (folder / "ancien.ipynb").exists()


GLUED = """
```{code-cell} ipython3
from notebook_utils import glue_number

glue_number("essai-nombre", 3)
print("fait")
```
"""


def test_a_notebook_runs_without_myst_nb(built):
    """Comme après ``pip install`` du paquet seul."""
    notebook = nbformat.read(built(GLUED) / "essai.ipynb", as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell('import sys\n\nsys.modules["myst_nb"] = None'))
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    assert notebook.cells[-1].outputs[0]["text"] == "fait\n"


# -- les carnets du livre --------------------------------------------------------------------


@pytest.fixture(scope="module", params=EXECUTED, ids=lambda page: page.stem)
def notebooks(request, html) -> dict[str, list[dict]]:
    """Les deux carnets d'un chapitre, tels que le site les donne."""
    name = f"{request.param.stem}.ipynb"
    folders = {"complet": html / "carnets", "tp": html / "carnets" / "tp"}
    return {kind: json.loads((folder / name).read_text("utf-8"))["cells"] for kind, folder in folders.items()}


def codes(cells: list[dict]) -> list[str]:
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code" and cell["source"]]


@pytest.mark.parametrize("kind", ["complet", "tp"])
def test_every_name_is_defined(notebooks, kind):
    """Ôter les solutions n'ôte rien dont la suite ait besoin."""
    known: set[str] = set()
    for code in codes(notebooks[kind]):
        known |= names.defined(code)
    for code in codes(notebooks[kind]):
        free = names.used(code) - known - local_names(code)
        assert not free, f"{sorted(free)} dans « {code[:80]} »"


def local_names(code: str) -> set[str]:
    """Arguments, variables de fonctions et de compréhensions."""
    found = set()
    for node in ast.walk(names.tree_of(code)):
        if isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler):
            found.add(node.name)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
    return found


def test_notebooks_import_only_what_the_package_installs(notebooks):
    """``pip install`` du paquet suffit : ni ``myst_nb``, ni rien que le livre seul installe."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {re.match(r"[\w-]+", name)[0] for name in project["dependencies"]}
    allowed = {module for module, owners in packages_distributions().items() if wanted & set(owners)}
    allowed |= {"notebook_utils", "IPython"} | sys.stdlib_module_names
    trees = [names.tree_of(code) for code in codes(notebooks["complet"])]
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else alias.name).split(".")[0]
        for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported <= allowed


def test_exercise_notebooks_have_no_solution(notebooks):
    assert "**Solution" not in source(notebooks["tp"])
    answers = [cell for cell in notebooks["complet"] if "solution" in cell["metadata"].get("tags", [])]
    assert source(notebooks["complet"]).count("**Solution**") == source(answers).count("**Solution**")
    empty = [cell for cell in notebooks["complet"] if cell["cell_type"] == "code" and not cell["source"]]
    assert len(empty) == len(re.findall(r"\*\*Exercice [\d.]+", source(notebooks["complet"])))


def test_the_site_links_the_archive_and_the_exercise_notebook(html):
    for page in EXECUTED:
        text = (html / "book" / f"{page.stem}.html").read_text("utf-8")
        assert "../carnets/carnets.zip" in text and f"../carnets/tp/{page.stem}.ipynb" in text
    with zipfile.ZipFile(html / "carnets" / "carnets.zip") as archive:
        assert len(archive.namelist()) == 2 * len(EXECUTED)
