"""Construit le livre : ``python scripts/livre.py html|carnets`` (le PDF : ``composer.py``).

Sphinx travaille dans ``_build/travail/`` et le résultat ne remplace le précédent que s'il est
sans erreur ni avertissement : la dernière bonne version reste toujours lisible.
Les cellules exécutées sont gardées dans ``_build/execution/<empreinte>``, où l'empreinte couvre
``notebook_utils``, les versions épinglées et Python : changer l'un d'eux réexécute tout.
La cible ``carnets``, elle, n'exécute rien : elle part des résultats de ``tests/references``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
import warnings
from pathlib import Path

import chapitres
import references
import yaml
from jupyter_book.config import get_final_config
from jupyter_book.pdf import update_latex_documents
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

ROOT = chapitres.ROOT
BUILD = ROOT / "_build"
UNUSED = {"sphinx_thebe", "sphinx_comments", "sphinx.ext.intersphinx"}


warnings.filterwarnings("ignore", category=FutureWarning, module="sphinx_external_toc")


def execution_fingerprint() -> str:
    """Empreinte de ce dont dépend le résultat d'une cellule, hors la cellule elle-même."""
    sources = [*sorted((ROOT / "notebook_utils").rglob("*.py")), ROOT / "requirements.txt"]
    digest = hashlib.sha256(sys.version.encode())
    for path in sources:
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def executed_chapters() -> Path:
    """Cache où tous les chapitres sont exécutés ; seuls ceux qui ont changé l'ont été cette fois."""
    current = BUILD / "execution" / execution_fingerprint()
    current.mkdir(parents=True, exist_ok=True)
    for other in current.parent.iterdir():
        if other != current:
            shutil.rmtree(other)
    cache = get_cache(str(current))
    stale = [chapter for chapter in chapitres.chapters() if not is_cached(cache, chapter)]
    for chapter, notebook in chapitres.in_parallel(execute, stale):
        store(cache, chapter, notebook)
    return current


def execute(chapter: Path) -> tuple:
    start = time.monotonic()
    notebook = chapitres.execute(chapter)
    print(f"→ {chapter.relative_to(ROOT)} exécuté en {time.monotonic() - start:.0f} s", flush=True)
    return chapter, notebook


def is_cached(cache, chapter: Path) -> bool:
    try:
        cache.match_cache_notebook(chapitres.read_chapter(chapter))
    except KeyError:
        return False
    return True


def store(cache, chapter: Path, notebook) -> None:
    cache.cache_notebook_bundle(CacheBundleIn(notebook, str(chapter)), check_validity=False, overwrite=True)


def reference_results() -> Path:
    """Cache rempli des résultats de référence : rien n'est exécuté."""
    path = BUILD / "references"
    shutil.rmtree(path, ignore_errors=True)
    cache = get_cache(str(path))
    for chapter in chapitres.chapters():
        store(cache, chapter, references.with_references(chapter))
    return path


def repository() -> dict:
    """Adresse du dépôt : celle de l'intégration continue, sinon celle de ``_config.yml``."""
    name = os.environ.get("GITHUB_REPOSITORY")
    return {"repository_url": f"https://github.com/{name}"} if name else {}


def configuration(cache: Path) -> tuple[dict, dict]:
    """Configuration de Sphinx tirée de ``_config.yml`` par Jupyter Book."""
    user = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    overrides = {
        "latex_individualpages": False,
        "nb_execution_cache_path": str(cache),
        "nitpicky": True,
        "html_theme_options": repository(),
    }
    for path in set(user["sphinx"]["local_extensions"].values()):
        sys.path.insert(0, str(ROOT / path))
    config, meta = get_final_config(
        user_yaml=ROOT / "_config.yml", cli_config=overrides, sourcedir=ROOT
    )
    config["extensions"] = [name for name in config["extensions"] if name not in UNUSED]
    config.pop("comments_config", None)
    return config, meta


def build(builder: str, cache: Path) -> Path:
    """Lance Sphinx dans un dossier de travail ; lève ``SystemExit`` à la moindre faute."""
    print(f"→ Sphinx : {builder}", flush=True)
    work = BUILD / "travail" / builder
    config, meta = configuration(cache)
    with patch_docutils(str(ROOT)), docutils_namespace():
        app = Sphinx(
            srcdir=ROOT,
            confdir=None,
            outdir=work / "sortie",
            doctreedir=work / "doctrees",
            buildername=builder,
            confoverrides=config,
            status=sys.stdout if os.environ.get("BAVARD") else None,
            warningiserror=True,
            keep_going=True,
        )
        app.config.latex_documents = update_latex_documents(
            app.config.latex_documents, meta["latex_doc_overrides"]
        )
        app.setup_extension("sphinx_multitoc_numbering")
        app.build()
    if app.statuscode:
        raise SystemExit(f"« {builder} » : construction interrompue, voir les messages ci-dessus.")
    return work / "sortie"


def publish(source: Path, target: Path) -> None:
    """Remplace ``target`` d'un seul geste par une copie de ``source``."""
    fresh, old = target.with_name(f".{target.name}.neuf"), target.with_name(f".{target.name}.ancien")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    shutil.copytree(source, fresh)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)


ENTRANCE = """<!DOCTYPE html>
<html lang="fr">
<head>
<meta charset="utf-8">
<title>Réseaux de neurones récurrents</title>
<meta http-equiv="refresh" content="0; url=book/index.html">
</head>
<body><main><h1>Réseaux de neurones récurrents</h1>
<p><a href="book/index.html">Ouvrir le livre</a></p></main></body>
</html>
"""


def build_html() -> None:
    """Le HTML, avec à côté de ses pages les carnets que donne le bouton de téléchargement."""
    cache = executed_chapters()
    pages, notebooks = build("html", cache), build("notebooks", cache)
    shutil.copytree(notebooks, pages / "carnets", dirs_exist_ok=True)
    (pages / "index.html").write_text(ENTRANCE, encoding="utf-8")
    publish(pages, BUILD / "html")


def build_notebooks() -> None:
    try:
        cache = reference_results()
    except ValueError as error:
        raise SystemExit(str(error)) from error
    publish(build("notebooks", cache), ROOT / "carnets")


TARGETS = {"html": build_html, "carnets": build_notebooks}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in TARGETS:
        raise SystemExit(f"usage : livre.py {'|'.join(TARGETS)}")
    TARGETS[sys.argv[1]]()
