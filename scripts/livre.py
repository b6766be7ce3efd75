"""Construit le livre : ``python scripts/livre.py livre|html|carnets`` (le PDF : ``composer.py``).

Sphinx travaille dans ``_build/travail/`` et le résultat ne remplace le précédent que s'il est
sans erreur ni avertissement : la dernière bonne version reste toujours lisible.
Les résultats des cellules viennent de ``execution`` : n'est exécuté que ce qui a changé.
La cible ``carnets`` n'exécute rien (elle part des résultats de ``tests/references``) ;
``livre`` met d'abord les dessins à jour, puis construit ``html``.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import shutil
import sys
import warnings
from pathlib import Path

import chapitres
import etat
import sources
import yaml
from execution import executed_chapters, reference_results
from jupyter_book.config import get_final_config
from jupyter_book.pdf import update_latex_documents
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.docutils import docutils_namespace, patch_docutils

ROOT = chapitres.ROOT
BUILD = ROOT / "_build"
PAGE_SUFFIXES = {".html", ".md", ".doctree"}
UNUSED = {"sphinx_thebe", "sphinx_comments", "sphinx.ext.intersphinx"}


warnings.filterwarnings("ignore", category=FutureWarning, module="sphinx_external_toc")


def repository(user: dict) -> str:
    """Adresse du dépôt : celle de l'intégration continue, sinon celle de ``_config.yml``."""
    name = os.environ.get("GITHUB_REPOSITORY")
    return f"https://github.com/{name}" if name else user["repository"]["url"].rstrip("/")


def site(repository_url: str) -> str:
    """Adresse où GitHub publie les pages d'un dépôt."""
    owner, name = repository_url.split("/")[-2:]
    home = f"https://{owner.lower()}.github.io/"
    return home if f"https://{name.lower()}/" == home else f"{home}{name}/"


def configuration(results: dict[str, Path]) -> tuple[dict, dict]:
    """Configuration de Sphinx tirée de ``_config.yml`` par Jupyter Book."""
    user = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    address = user["html"].get("baseurl") or site(repository(user))
    overrides = {
        "latex_individualpages": False,
        "executed_notebooks": {name: str(path) for name, path in results.items()},
        "nb_execution_mode": "off",
        "nitpicky": True,
        "html_baseurl": address,
        "ogp_site_url": address,
        "html_theme_options": {"repository_url": repository(user)},
    }
    for path in set(user["sphinx"]["local_extensions"].values()):
        if str(ROOT / path) not in sys.path:
            sys.path.insert(0, str(ROOT / path))
    config, meta = get_final_config(
        user_yaml=ROOT / "_config.yml", cli_config=overrides, sourcedir=ROOT
    )
    config["extensions"] = [name for name in config["extensions"] if name not in UNUSED]
    config.pop("comments_config", None)
    return config, meta


def check_sources() -> None:
    """Les fautes que Sphinx tairait, ou dirait mal : ``SystemExit`` les donne toutes, avec leur ligne."""
    faults = [*sources.unlisted_pages(), *sources.open_blocks()]
    if faults:
        raise SystemExit("\n".join(faults))


def prepared(builder: str) -> Path:
    """Dossier de travail ; neuf si la configuration a changé, ou si la construction précédente a été tuée."""
    work = BUILD / "travail" / builder
    seal, started = work / "configuration", work / "en-cours"
    content = (ROOT / "_config.yml").read_text("utf-8") + str(os.environ.get("GITHUB_REPOSITORY"))
    digest = hashlib.sha256(content.encode()).hexdigest()
    if started.exists() or not seal.exists() or seal.read_text("utf-8") != digest:
        shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    seal.write_text(digest, encoding="utf-8")
    started.touch()
    return work


def build(builder: str, results: dict[str, Path], beside: str = "") -> Path:
    """Lance Sphinx dans un dossier de travail ; lève ``SystemExit`` à la moindre faute.

    ``beside`` est un second constructeur, qui écrit à partir des mêmes pages lues, dans le dossier du même nom.
    """
    print(f"→ Sphinx : {builder}", flush=True)
    check_sources()
    work = prepared(builder)
    redo = work / "a-refaire.json"
    config, meta = configuration(results)
    config["pages_to_redo"] = json.loads(redo.read_text("utf-8")) if redo.exists() else []
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
        app.connect("write-started", lambda app, builder: prune(work, app))  # avant que l'on réunisse les carnets
        try:
            app.build()
            prune(work, app)
            if beside and not app.statuscode:
                write_beside(app, beside, work / beside)
                app.statuscode = int(app._warncount > 0)
        except SphinxError as error:  # une faute que Sphinx ne sait pas dépasser : son message suffit
            raise SystemExit(f"{error}\n« {builder} » : construction interrompue.") from error
    if app.statuscode:
        redo.write_text(json.dumps(sorted(app.pages_done)), encoding="utf-8")
        (work / "en-cours").unlink()
        raise SystemExit(f"« {builder} » : construction interrompue, voir les messages ci-dessus.")
    redo.unlink(missing_ok=True)
    (work / "en-cours").unlink()
    return work / "sortie"


def write_beside(app: Sphinx, name: str, folder: Path) -> None:
    """Un second constructeur sur l'environnement du premier : les pages que celui-ci a écrites, et les manquantes."""
    pages = app.pages_done
    builder = app.builder = app.create_builder(name)
    builder.outdir = folder
    app.tags.add(builder.format)
    builder.init()
    pages |= {page for page in builder.get_outdated_docs() if not (folder / builder.get_target_uri(page)).exists()}
    builder.write(sorted(pages), [], "specific")
    builder.finish()


def prune(work: Path, app: Sphinx) -> None:
    """Efface ce qui reste des pages ôtées du sommaire, et les images dont aucune page ne se sert."""
    pages = {Path(name).name for name in app.env.found_docs}
    for path in work.glob("*/**/*"):
        is_page = path.suffix == ".ipynb" or (path.suffix in PAGE_SUFFIXES and path.parent.name == "book")
        if is_page and path.name.split(".")[0] not in pages:
            path.unlink()
    written = "".join(path.read_text("utf-8") for path in (work / "sortie" / "book").glob("*.html"))
    for path in (work / "sortie" / "_images").glob("*"):
        if path.name not in written:
            path.unlink()


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
    if etat.is_current():
        return
    before = etat.fingerprint()
    pages = build("html", executed_chapters(), beside="notebooks")
    shutil.rmtree(pages / "carnets", ignore_errors=True)
    shutil.copytree(pages.with_name("notebooks"), pages / "carnets")
    (pages / "index.html").write_text(ENTRANCE, encoding="utf-8")
    publish(pages, BUILD / "html")
    etat.record(before)


def build_book() -> None:
    """Les dessins qui ont changé, puis le HTML."""
    import dessins

    if dessins.main([]):
        raise SystemExit(1)
    build_html()


def build_notebooks() -> None:
    try:
        results = reference_results()
    except ValueError as error:
        raise SystemExit(str(error)) from error
    publish(build("notebooks", results), ROOT / "carnets")


TARGETS = {"livre": build_book, "html": build_html, "carnets": build_notebooks}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in TARGETS:
        raise SystemExit(f"usage : livre.py {'|'.join(TARGETS)}")
    gc.disable()  # un processus bref : parcourir sans cesse un million d'objets coûterait le tiers du temps
    with etat.alone():
        TARGETS[sys.argv[1]]()
