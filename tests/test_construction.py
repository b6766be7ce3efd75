"""La construction échoue comme il faut : fichier et ligne nommés, dernière bonne version intacte."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sources import ROOT

COPIED = ("book", "scripts", "tests/references", "tests/nbval.cfg", "_config.yml", "references.bib", "requirements.txt")
COPIED += ("notebook_utils", "conftest.py", "pyproject.toml")
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
    for page in (tmp_path / "book").glob("*.md"):
        page.unlink()
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


def test_only_what_changed_is_executed_again(copy):
    assert "essai.md exécuté" in messages(build(copy))
    assert "exécuté" not in messages(build(copy))
    write(copy, extra="Une phrase de plus.")
    assert "exécuté" not in messages(build(copy))
    module = copy / "notebook_utils" / "__init__.py"
    module.write_text(module.read_text("utf-8") + "\n# changé\n", encoding="utf-8")
    assert "essai.md exécuté" in messages(build(copy))


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
    stored[0]["resultats"][0]["text"] = "7\n"
    reference.write_text(json.dumps(stored), encoding="utf-8")
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
    write(copy, SEEDED.replace("assert abs(value", "assert abs(stays"))
    kept = run(copy, "scripts/graines.py", "--decalages", "2")
    assert kept.returncode == 0 and "Toutes les assertions tiennent" in messages(kept)
