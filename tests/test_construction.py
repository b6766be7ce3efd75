"""La construction échoue comme il faut : fichier et ligne nommés, dernière bonne version intacte."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from serveur import free_port
from sources import ROOT

COPIED = ("book", "scripts", "tests/references", "tests/nbval.cfg", "_config.yml", "references.bib", "requirements.txt")
COPIED += ("notebook_utils", "conftest.py", "pyproject.toml")
OTHER = "      - file: book/autre\n"
TOC = """format: jb-book
root: book/index
parts:
  - caption: Le cours
    numbered: true
    chapters:
      - file: book/essai
"""
CHAPTER = """---
jupytext:
  formats: md:myst
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# Essai

Un court chapitre, une équation.

$$
y = 2 x
$$ (eq-essai)

```{{code-cell}} ipython3
x = 3
print(2 * x)
```

{extra}
"""


@pytest.fixture
def copy(tmp_path) -> Path:
    """Une copie du projet réduite à une préface et à un court chapitre."""
    for name in COPIED:
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    for left_out in ("book/*.md", "book/dessins/*.svg", "book/dessins/*.png"):
        for path in tmp_path.glob(left_out):
            path.unlink()
    for reference in (tmp_path / "tests" / "references").glob("*.json"):
        reference.unlink()
    (tmp_path / "_toc.yml").write_text(TOC, encoding="utf-8")
    (tmp_path / "book" / "index.md").write_text("# Préface\n\nUne phrase.\n", encoding="utf-8")
    write(tmp_path)
    return tmp_path


def write(copy: Path, extra: str = "", **changes) -> None:
    text = CHAPTER.format(extra=extra)
    for old, new in changes.items():
        text = text.replace(old, new)
    (copy / "book" / "essai.md").write_text(text, encoding="utf-8")


def run(copy: Path, *command: str) -> subprocess.CompletedProcess:
    environment = os.environ | {"NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *command], cwd=copy, capture_output=True, text=True, env=environment, timeout=300
    )


def line_of(text: str) -> int:
    """Ligne du chapitre d'essai où commence ``text``."""
    return CHAPTER[: CHAPTER.index(text)].count("\n") + 1


def build(copy: Path) -> subprocess.CompletedProcess:
    return run(copy, "scripts/livre.py", "html")


def messages(result: subprocess.CompletedProcess) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", result.stdout + result.stderr)


FAULTY = """\
Voir {cite:t}`inconnu1999` et {ref}`chap-inconnu`.

:::{tikz} Légende d'un dessin sans description.
:name: fig-essai
\\node {a};
:::

```{code-cell} ipython3
from IPython.display import SVG
SVG('<svg xmlns="http://www.w3.org/2000/svg"><path d="M 0 0"/></svg>')
```
"""


def test_faults_are_located_and_the_last_good_book_stays(copy):
    assert build(copy).returncode == 0
    page = copy / "_build" / "html" / "book" / "essai.html"
    good = page.read_text("utf-8")

    write(copy, FAULTY)
    result = build(copy)
    printed = messages(result)
    assert result.returncode != 0
    line = line_of("{extra}")
    assert re.search(rf"book/essai\.md:{line}: WARNING: .*inconnu1999", printed)
    assert re.search(rf"book/essai\.md:{line}: WARNING: .*chap-inconnu", printed)
    assert re.search(rf"book/essai\.md:{line + 2}: \S+: .*:alt:", printed)
    assert re.search(r"book/essai\.md:\d+: WARNING: figure sans texte alternatif", printed)
    assert page.read_text("utf-8") == good


def test_a_failing_cell_is_located(copy):
    write(copy, **{"print(2 * x)": "print(2 * y)"})
    result = build(copy)
    assert result.returncode != 0
    assert f"book/essai.md:{line_of('print(2 * x)')}: la cellule a échoué. « print(2 * y) »" in messages(result)
    assert "NameError" in messages(result)
    assert not (copy / "_build" / "html").exists()


USES_THE_PACKAGE = """\
```{code-cell} ipython3
from notebook_utils import format_number

print(format_number(0.5))
```
"""


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def key(copy: Path, chapter: str = "essai") -> str:
    """Nom des résultats du chapitre, que seul change ce dont ils dépendent."""
    program = (
        "import sys; sys.path.insert(0, 'scripts'); import chapitres, execution; "
        f"print(execution.plan(chapitres.BOOK / '{chapter}.md').path.name)"
    )
    return run(copy, "-c", program).stdout.strip()


def test_only_what_changed_is_executed_again(copy):
    write(copy, USES_THE_PACKAGE)
    assert "essai.md exécuté" in messages(build(copy))
    assert "Sphinx" not in messages(build(copy)), "rien n'a changé : rien n'est construit"
    assert run(copy, "scripts/etat.py").returncode == 0
    write(copy, USES_THE_PACKAGE + "\nUne phrase de plus.")
    assert run(copy, "scripts/etat.py").returncode == 1
    assert "exécuté" not in messages(build(copy))
    module = copy / "notebook_utils" / "plotting" / "numbers.py"
    original = module.read_text("utf-8")
    module.write_text(original + "\n\ndef _one_more():\n    return 1\n", encoding="utf-8")
    assert "essai.md exécuté" in messages(build(copy)), "un module employé a changé"
    module.write_text(original, encoding="utf-8")
    assert "exécuté" not in messages(build(copy)), "revenir en arrière ne réexécute rien"


CODE_CHANGES = {
    "module employé": ("plotting/figures.py", True),
    "module que ce module emploie": ("plotting/palette.py", True),
    "module sans rapport": ("bptt/gru.py", False),
}


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text("utf-8") + text, encoding="utf-8")


@pytest.mark.parametrize(("module", "matters"), CODE_CHANGES.values(), ids=list(CODE_CHANGES))
def test_results_depend_on_the_code_that_is_imported(copy, module, matters):
    write(copy, USES_THE_PACKAGE.replace("format_number", "plot_tanh"))
    before = key(copy)
    append(copy / "notebook_utils" / module, "\n\n# Un commentaire.\ndef _more():\n    \"\"\"Une docstring.\"\"\"\n")
    after = key(copy)
    assert before.startswith("essai-") and (after != before) == matters


def test_results_do_not_depend_on_docstrings_nor_comments(copy):
    write(copy, USES_THE_PACKAGE)
    before = key(copy)
    module = copy / "notebook_utils" / "plotting" / "numbers.py"
    text = module.read_text("utf-8")
    module.write_text(text.replace('"""', '"""Autrement dit. ', 1) + "\n# Un commentaire.\n", encoding="utf-8")
    assert key(copy) == before
    write(copy, USES_THE_PACKAGE.replace("print(", "import inspect\nprint("))
    shown = key(copy)
    module.write_text(text, encoding="utf-8")
    assert key(copy) != shown, "ce chapitre-là peut montrer le texte du paquet"


MOVES = {
    "from .plotting.numbers import format_number": "from .plotting.palette import PALETTE as format_number",
    "": "\nformat_number = print\n",
}


def test_results_depend_on_where_a_name_comes_from(copy):
    """Un nom repris d'ailleurs, ou redéfini par le paquet, n'est plus le même : dans le doute, on réexécute."""
    face = copy / "notebook_utils" / "__init__.py"
    write(copy, USES_THE_PACKAGE)
    keys = set()
    for before, after in MOVES.items():
        face.write_text("from .plotting.numbers import format_number\n", encoding="utf-8")
        edit(face, before, after) if before else append(face, after)
        keys.add(key(copy))
    face.write_text("from .plotting.numbers import format_number\n", encoding="utf-8")
    assert len(keys | {key(copy)}) == 3
    write(copy, USES_THE_PACKAGE.replace("from notebook_utils import format_number", "import notebook_utils as n"))
    everything = key(copy)
    append(copy / "notebook_utils" / "bptt" / "gru.py", "\nONE = 1\n")
    assert key(copy) != everything, "qui importe tout dépend de tout"


LAZY = """
from importlib import import_module
HOMES = {"plotting.palette": ["PALETTE"], "plotting": ["plot_tanh"], "plotting.numbers": ["format_number"]}
def __getattr__(name):
    return getattr(import_module(next(f".{home}" for home in HOMES if name in HOMES[home]), __name__), name)
"""


def test_names_imported_on_demand_are_followed(copy):
    """Un paquet qui n'importe ses noms qu'à la demande dit dans une table d'où ils viennent."""
    (copy / "notebook_utils" / "__init__.py").write_text(LAZY, encoding="utf-8")
    write(copy, USES_THE_PACKAGE)
    before = key(copy)
    append(copy / "notebook_utils" / "bptt" / "gru.py", "\nONE = 1\n")
    edit(copy / "notebook_utils" / "__init__.py", '"PALETTE"', '"PALETTE", "sequential_colormap"')
    assert key(copy) == before
    append(copy / "notebook_utils" / "plotting" / "numbers.py", "\nONE = 1\n")
    changed = key(copy)
    assert changed != before
    edit(copy / "notebook_utils" / "__init__.py", '"plotting.numbers"', '"plotting.figures"')
    assert key(copy) != changed


def test_results_depend_on_the_data_of_the_modules(copy):
    """Un module qui lit un fichier du paquet en dépend, mais pas du reste ; qui ne l'importe pas n'en dépend pas."""
    write(copy, USES_THE_PACKAGE)
    elsewhere = key(copy)
    write(copy, USES_THE_PACKAGE.replace("import format_number", "import Corpus"))
    before = key(copy)
    append(copy / "notebook_utils" / "bptt" / "gru.py", "\nONE = 1\n")
    assert key(copy) == before
    append(next((copy / "notebook_utils" / "tasks" / "data").iterdir()), "Une phrase.\n")
    assert key(copy) != before
    write(copy, USES_THE_PACKAGE)
    assert key(copy) == elsewhere


def test_results_depend_on_the_files_that_cells_name(copy):
    write(copy, USES_THE_PACKAGE.replace("0.5", "open('donnees.txt').read()"))
    (copy / "book" / "donnees.txt").write_text("1", encoding="utf-8")
    before = key(copy)
    (copy / "book" / "donnees.txt").write_text("2", encoding="utf-8")
    assert key(copy) != before


def test_old_results_are_forgotten(copy):
    """Revenir à un état récent est gratuit, mais le cache ne grossit pas sans fin."""
    folder = copy / "_build" / "execution"
    folder.mkdir(parents=True)
    for rank in range(40):
        (folder / f"essai-{rank:016d}.ipynb").write_text("{}", encoding="utf-8")
        os.utime(folder / f"essai-{rank:016d}.ipynb", (rank, rank))
    assert build(copy).returncode == 0
    kept = sorted(path.name for path in folder.glob("essai-0000*.ipynb"))
    assert 3 <= len(kept) < 10 and kept[-1] == f"essai-{39:016d}.ipynb"


def with_other_page(copy: Path, text: str = "Voir {ref}`chap-essai`, {numref}`fig-essai` et {eq}`eq-essai`.") -> None:
    """Une seconde page, qui montre de la première son titre, sa figure et son équation."""
    write(copy, FIGURE, **{"# Essai\n": "(chap-essai)=\n# Essai\n"})
    (copy / "_toc.yml").write_text(TOC + OTHER, encoding="utf-8")
    (copy / "book" / "autre.md").write_text(f"# Autre\n\n{text}\n", encoding="utf-8")


FIGURE = """\
```{code-cell} ipython3
---
mystnb:
  image:
    alt: Rien.
  figure:
    caption: Une légende.
    name: fig-essai
---
from IPython.display import SVG
SVG('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M 0 0"/></svg>')
```
"""


def page(copy: Path, name: str) -> str:
    return (copy / "_build" / "html" / "book" / f"{name}.html").read_text("utf-8")


def test_every_page_shows_the_current_titles_and_numbers(copy):
    """Titre, ordre, étiquette : ce qu'une page montre d'une autre est à jour partout, sommaire compris."""
    with_other_page(copy)
    assert build(copy).returncode == 0
    assert "Figure 1.1" in page(copy, "autre")
    edit(copy / "book" / "essai.md", "# Essai\n", "# Tentative\n")
    assert build(copy).returncode == 0
    for name in ("index", "essai", "autre"):
        assert "Tentative" in page(copy, name) and ">Essai<" not in page(copy, name)
    (copy / "_toc.yml").write_text(TOC.replace("      - file: book/essai\n", OTHER + "      - file: book/essai\n"))
    assert build(copy).returncode == 0
    assert "Figure 2.1" in page(copy, "autre") and "2. " in page(copy, "index")
    edit(copy / "book" / "essai.md", "(chap-essai)=", "(chap-tentative)=")
    result = build(copy)
    assert result.returncode and re.search(r"book/autre\.md:3: WARNING: .*chap-essai", messages(result))
    again = build(copy)
    assert again.returncode and "chap-essai" in messages(again), "la faute est redite tant qu'elle n'est pas corrigée"
    edit(copy / "book" / "autre.md", "chap-essai", "chap-tentative")
    assert build(copy).returncode == 0 and "Tentative" in page(copy, "autre")


def test_a_page_that_leaves_the_contents_leaves_the_site(copy):
    with_other_page(copy)
    (copy / "book" / "autre.md").write_text((copy / "book" / "essai.md").read_text().replace("essai", "autre"))
    assert build(copy).returncode == 0
    assert (copy / "_build" / "html" / "carnets" / "autre.ipynb").exists()
    assert "autre.html" in (copy / "_build" / "html" / "sitemap.xml").read_text("utf-8")
    (copy / "_toc.yml").write_text(TOC, encoding="utf-8")
    result = build(copy)
    assert result.returncode and "book/autre.md:1: page absente du sommaire" in messages(result)
    (copy / "book" / "autre.md").rename(copy / "autre.md")
    append(copy / "_toc.yml", "      - file: book/autrui\n")
    result = build(copy)
    assert result.returncode and "_toc.yml: « book/autrui » n'est pas une page" in messages(result)
    (copy / "_toc.yml").write_text(TOC, encoding="utf-8")
    assert build(copy).returncode == 0
    site = copy / "_build" / "html"
    assert not [path for path in site.rglob("*") if path.name.startswith("autre.")]
    assert "autre" not in (site / "sitemap.xml").read_text("utf-8") and "autre" not in page(copy, "essai")
    assert (site / "genindex.html").exists() and (site / "search.html").exists()


def test_the_site_has_the_address_of_the_fork(copy, monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "Moi/mon-livre")
    assert build(copy).returncode == 0
    address = "https://moi.github.io/mon-livre/"
    assert f'<link rel="canonical" href="{address}book/essai.html"' in page(copy, "essai")
    assert f'property="og:url" content="{address}book/essai.html"' in page(copy, "essai")
    assert f"{address}book/essai.html" in (copy / "_build" / "html" / "sitemap.xml").read_text("utf-8")
    assert "cours-rnn" not in page(copy, "essai")
    monkeypatch.delenv("GITHUB_REPOSITORY")
    assert build(copy).returncode == 0
    assert "https://cours-rnn.github.io/reseaux-recurrents/book/essai.html" in page(copy, "essai")


AUTHOR_FAULTS = {
    "noyau mort": (
        "```{code-cell} ipython3\nx = 1\n```\n\n```{code-cell} ipython3\nimport os\nos._exit(1)\n```\n",
        "book/essai.md:{0}: le noyau est mort", 6, "mémoire",
    ),
    "deux-points dans un alt": (
        FIGURE.replace("alt: Rien.", "alt: Deux courbes : une figure."),
        "book/essai.md:{0}: l'en-tête ne se lit pas : « alt: Deux courbes : une figure. »", 5, "guillemets",
    ),
    "solution sans fin": (
        "```{exercise} Calcul (★, 5 min) : un essai\n:label: exo-essai\n\nQuoi ?\n```\n\n"
        "```{solution-start} exo-essai\n:class: dropdown\n```\n\nOui.\n",
        "book/essai.md:{0}: « solution-start » exo-essai n'a pas de fin", 7, "```{{solution-end}}",
    ),
    "fin sans solution": (
        "```{solution-end}\n```\n", "book/essai.md:{0}: « solution-end » sans « solution-start »", 1, "ôtez-le",
    ),
    "figure et valeur": (
        FIGURE.replace("SVG('", "display(SVG('").replace("</svg>')", "</svg>'))\nx + 4"),
        "book/essai.md:{0}: cette cellule à légende montre 2 résultats", 12, "« _ = x + 4 »",
    ),
    "bonne ligne": (
        "Le mot loss, et `loss`.\n\n```{code-cell} ipython3\nloss\n```\n",
        "book/essai.md:{0}: la cellule a échoué. « loss »", 4, "NameError",
    ),
}


@pytest.mark.parametrize(("extra", "message", "row", "remedy"), AUTHOR_FAULTS.values(), ids=list(AUTHOR_FAULTS))
def test_a_message_names_the_line_and_the_remedy(copy, extra, message, row, remedy):
    write(copy, extra)
    result = build(copy)
    printed = messages(result)
    assert result.returncode != 0
    assert message.format(line_of("{extra}") + row - 1) in printed
    assert remedy.format() in printed and "Traceback" not in printed.split("NameError")[0]


def test_two_builds_do_not_meet(copy):
    """La seconde attend la première, puis trouve le travail fait."""
    command = [sys.executable, "scripts/livre.py", "html"]
    options = {"cwd": copy, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    builds = [subprocess.Popen(command, **options) for _ in range(2)]
    printed = [build.communicate(timeout=300)[0] for build in builds]
    assert [build.returncode for build in builds] == [0, 0], printed
    assert sum("j'attends" in text for text in printed) == 1
    assert sum("essai.md exécuté" in text for text in printed) == 1


def test_a_killed_build_is_started_afresh(copy):
    """Tuée entre la lecture et l'écriture, une construction ne laisse pas de page périmée."""
    with_other_page(copy)
    assert build(copy).returncode == 0
    edit(copy / "book" / "essai.md", "# Essai\n", "# Tentative\n")
    killer = copy / "book" / "_ext" / "killer.py"
    killer.write_text(KILLER, encoding="utf-8")
    edit(copy / "_config.yml", "    results: book/_ext\n", "    results: book/_ext\n    killer: book/_ext\n")
    assert build(copy).returncode == -9
    edit(copy / "_config.yml", "    killer: book/_ext\n", "")
    assert build(copy).returncode == 0
    assert all("Tentative" in page(copy, name) for name in ("index", "essai", "autre"))


KILLER = """import os, signal

def setup(app):
    app.connect("write-started", lambda app, builder: os.kill(os.getpid(), signal.SIGKILL))
"""


def version(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/version-du-livre", timeout=5) as answer:
        return answer.read().decode()


def wait_until(condition, seconds: float) -> float:
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        with contextlib.suppress(OSError):
            if condition():
                return time.monotonic() - start
        time.sleep(0.1)
    raise AssertionError(f"toujours rien après {seconds} s")


def test_the_preview_follows_the_text(copy):
    """L'aperçu se met à jour à l'enregistrement ; une faute ne l'efface pas ; un port occupé se dit."""
    assert build(copy).returncode == 0
    port = free_port()
    command = [sys.executable, "scripts/ecrire.py", str(port)]
    with (copy / "journal").open("w") as log:
        preview = subprocess.Popen(command, cwd=copy, stdout=log, stderr=log)
    try:
        wait_until(lambda: version(port) and "à jour" in (copy / "journal").read_text(), 120)
        first = version(port)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/book/essai.html") as answer:
            assert "version-du-livre" in answer.read().decode()
        edit(copy / "book" / "essai.md", "Un court chapitre", "Un très court chapitre")
        wait_until(lambda: version(port) != first, 120)
        assert "Un très court chapitre" in page(copy, "essai")
        assert "essai.md exécuté" not in (copy / "journal").read_text().split("à jour")[1]
        second = version(port)
        edit(copy / "book" / "essai.md", "Un très court", "{ref}`nulle-part` Un très court")
        wait_until(lambda: "en faute" in (copy / "journal").read_text(), 120)
        assert version(port) == second and "nulle-part" in (copy / "journal").read_text()
        busy = run(copy, "scripts/servir.py", str(port))
        assert busy.returncode != 0 and f"Le port {port} est occupé" in messages(busy)
        assert f"make lire PORT={port + 1}" in messages(busy)
    finally:
        preview.terminate()
        preview.wait(timeout=30)


def test_missing_reference_output_is_an_error(copy):
    result = run(copy, "scripts/references.py", "--nbval")
    assert result.returncode != 0 and "book/essai.md n'a pas de résultats de référence" in messages(result)
    assert run(copy, "scripts/references.py").returncode == 0
    assert run(copy, "scripts/references.py", "--nbval").returncode == 0
    write(copy, **{"x = 3": "x = 4"})
    result = run(copy, "scripts/references.py", "--nbval")
    assert result.returncode != 0 and "cellule de code n° 1 (« x = 4 »)" in messages(result)


def test_nbval_sees_a_changed_result(copy):
    """Une référence qui ne correspond plus fait échouer nbval ; la vraie le fait réussir."""
    assert run(copy, "scripts/references.py").returncode == 0
    reference = copy / "tests" / "references" / "essai.json"
    nbval = ("-m", "pytest", "-q", "--nbval", "--nbval-current-env", "--nbval-sanitize-with", "tests/nbval.cfg")
    run(copy, "scripts/references.py", "--nbval")
    assert run(copy, *nbval, "_build/nbval").returncode == 0
    stored = json.loads(reference.read_text("utf-8"))
    assert run(copy, "scripts/references.py", "--comparer").returncode == 0
    stored[0]["resultats"][0]["text"] = "7\n"
    reference.write_text(json.dumps(stored), encoding="utf-8")
    compared = run(copy, "scripts/references.py", "--comparer")
    assert compared.returncode and f"book/essai.md:{line_of('x = 3')}: le résultat a changé" in messages(compared)
    run(copy, "scripts/references.py", "--nbval")
    assert run(copy, *nbval, "_build/nbval").returncode == 1


def test_notebooks_are_written_without_executing(copy):
    """`make carnets` part des résultats de référence : Binder n'exécute rien pour les écrire."""
    run(copy, "scripts/references.py")
    result = run(copy, "scripts/livre.py", "carnets")
    assert result.returncode == 0 and "exécuté" not in messages(result)
    notebook = json.loads((copy / "carnets" / "essai.ipynb").read_text("utf-8"))
    text = "".join("".join(cell["source"]) for cell in notebook["cells"])
    assert "# 1. Essai" in text and r"\tag{1.1}" in text and "print(2 * x)" in text


ROUNDED = """\
```{code-cell} ipython3
import os
assert os.environ.get("ATEN_CPU_CAPABILITY") != "default"
```

```{code-cell} ipython3
assert os.environ.get("MKL_CBWR") != "COMPATIBLE"
```
"""


def test_claims_are_tried_with_other_instructions(copy):
    """Toutes les cellules en échec sont dites, chacune sous le jeu d'instructions qui la fait échouer."""
    write(copy, ROUNDED)
    result = run(copy, "scripts/arrondis.py")
    old, recent, native = messages(result).split("→ Instructions : ")[1:]
    assert result.returncode != 0 and "Échecs avec : SSE, AVX2\n" in native
    line = line_of("{extra}")
    for failures, lines in ((old, (line + 2, line + 6)), (recent, (line + 6,)), (native, ())):
        assert re.findall(r"book/essai\.md:(\d+): la cellule a échoué", failures) == [str(n) for n in lines]
    assert not (copy / "_build").exists()
    write(copy)
    assert run(copy, "scripts/arrondis.py").returncode == 0


FOLDED = """\
```{plus-loin} Un détail, $x^2$
:name: sec-essai-detail
```

Le texte du détail.

```{code-cell} ipython3
print("dans le repli")
```

```{fin-plus-loin}
```

Après le détail ({ref}`là <sec-essai-detail>`).

````{exercise} Calcul (★, 5 min) : un essai
:label: exo-essai

Une question.

```{indice}
Une aide.
```
````
"""


def test_folds_hold_text_and_cells(copy):
    write(copy, FOLDED)
    result = build(copy)
    assert result.returncode == 0, messages(result)
    page = (copy / "_build" / "html" / "book" / "essai.html").read_text("utf-8")
    fold = re.search(r'<details class="plus-loin" id="sec-essai-detail">(.*?)</details>', page, re.DOTALL)[1]
    assert re.match(r"\s*<summary>Pour aller plus loin\u00a0: Un détail", fold)
    assert "Le texte du détail." in fold and "dans le repli" in fold and "Après" not in fold
    assert re.search(r'<details class="indice">\s*<summary>Indice</summary>\s*<p>Une aide.</p>', page)
    notebook = (copy / "_build" / "html" / "carnets" / "essai.ipynb").read_text("utf-8")
    assert all(text in notebook for text in ("Un détail", "Le texte du détail.", "dans le repli", "Une aide."))


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("```{plus-loin} Un détail\n```\n\n## Un titre\n\n```{fin-plus-loin}\n```", "sans « fin-plus-loin »"),
        ("```{fin-plus-loin}\n```", "« fin-plus-loin » sans « plus-loin »"),
    ],
)
def test_an_unbalanced_fold_is_located(copy, extra, message):
    write(copy, extra)
    result = build(copy)
    assert result.returncode != 0
    assert re.search(rf"book/essai.md:{line_of('{extra}')}: .*{message}", messages(result))


def test_another_clone_executes_nothing_again(copy, tmp_path, monkeypatch):
    monkeypatch.setenv("RESULTATS_PARTAGES", "oui")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert "book/essai.md exécuté" in messages(build(copy))
    shutil.rmtree(copy / "_build")
    again = build(copy)
    assert again.returncode == 0 and "exécuté" not in messages(again)
    write(copy, "```{code-cell} ipython3\n2 + 2\n```\n")
    assert "book/essai.md exécuté" in messages(build(copy))


SEEDED = """\
```{code-cell} ipython3
from notebook_utils import seeded

import torch

value = torch.rand((), generator=seeded(0)).item()
stays = torch.rand((), generator=seeded(0, fixed="nombre cité")).item()
assert abs(stays - 0.4962566) < 1e-6
assert abs(value - 0.4962566) < 1e-6
```
"""


def test_other_seeds_find_the_claim_that_depends_on_one(copy):
    write(copy, SEEDED)
    assert build(copy).returncode == 0
    result = run(copy, "scripts/graines.py", "--decalages", "1,4", "essai")
    printed = messages(result)
    line = line_of("{extra}") + SEEDED[: SEEDED.index("assert abs(value")].count("\n")
    assert result.returncode != 0 and "2 échec(s)" in printed
    for shift in (1, 4):
        assert f"book/essai.md:{line}: décalage {shift} : assert abs(value - 0.4962566) < 1e-6" in printed
    write(copy, SEEDED.replace("assert abs(value - 0.4962566) < 1e-6", "assert 0 < value < 1"))
    kept = run(copy, "scripts/graines.py", "--decalages", "1,2,3")
    assert kept.returncode == 0 and "Toutes les assertions tiennent" in messages(kept)
    assert "2 comparaison(s) fragile(s)" in messages(kept) and "0 < value < 1" in messages(kept)


PROVED = """\
```{code-cell} ipython3
from notebook_utils import glue_number, seeded

import torch

glue_number("essai-tirage", torch.rand((), generator=seeded(0)).item(), 3)
```

```{prediction} Que vaut ce tirage ?
:name: pred-essai-tirage
:juste: a
:preuve: abs(essai-tirage - 0.496) < 0.01

- La moitié, ou presque.
  : Oui.
- Autre chose.
  : Non.
```
"""


def test_other_seeds_find_the_proof_that_depends_on_one(copy):
    """La construction la trouve vraie ; c'est une autre graine qui la dément."""
    write(copy, PROVED)
    assert build(copy).returncode == 0
    result = run(copy, "scripts/graines.py", "--decalages", "1", "essai")
    printed = messages(result)
    line = line_of("{extra}") + PROVED[: PROVED.index(":preuve:")].count("\n")
    assert result.returncode != 0 and "1 échec(s)" in printed
    assert f"book/essai.md:{line}: décalage 1 : la preuve « abs(essai-tirage - 0.496) < 0.01 » est fausse" in printed
    write(copy, PROVED.replace("abs(essai-tirage - 0.496) < 0.01", "essai-tirage > 0"))
    assert run(copy, "scripts/graines.py", "--decalages", "1", "essai").returncode == 0
