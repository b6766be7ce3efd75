"""Les pages restent d'accord entre elles : ce qu'une page montre des autres est à jour sur toutes.

Sphinx ne réécrit que les pages dont la source a changé. Quand change un titre, un numéro, une étiquette, bref ce
qu'une autre page peut montrer, elles sont toutes réécrites. Une page en faute est relue à la construction suivante :
ses avertissements sont redits tant qu'elle n'est pas corrigée.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

import pybtex.plugin
from docutils import nodes
from sphinx import addnodes
from sphinx.domains.std import StandardDomain
from sphinx.environment import BuildEnvironment
from sphinx.environment.collectors.toctree import TocTreeCollector


class ReadOnlyDoctrees:
    """L'environnement, dont chaque document n'est relu du disque qu'une fois ; pour qui ne les modifie pas."""

    def __init__(self, env: BuildEnvironment) -> None:
        self.__dict__.update(env=env, documents={})

    def __getattr__(self, name: str):
        return getattr(self.env, name)

    def __setattr__(self, name: str, value) -> None:
        setattr(self.env, name, value)

    def get_doctree(self, docname: str):
        if docname not in self.documents:
            self.documents[docname] = self.env.get_doctree(docname)
        return self.documents[docname]


def read_once(method):
    """La même méthode, sur un environnement qui ne relit pas un document à chaque renvoi."""

    def wrapped(self, env: BuildEnvironment, *arguments):
        return method(self, env.app.read_only, *arguments)

    return wrapped


resolve_numref, assign_figure_numbers = StandardDomain._resolve_numref_xref, TocTreeCollector.assign_figure_numbers


def shared(env: BuildEnvironment) -> list:
    """Tout ce qu'une page peut montrer d'une autre."""
    std, math, python = env.get_domain("std"), env.get_domain("math"), env.get_domain("py")
    exercises, proofs = getattr(env, "sphinx_exercise_registry", {}), getattr(env, "proof_list", {})
    return [
        sorted((page, title.astext(), title.get("secnumber")) for page, title in env.titles.items()),
        sorted((page, toc_entries(env, page)) for page in env.toctree_includes),
        sorted(std.labels.items()),
        sorted(std.anonlabels.items()),
        sorted(std.objects.items()),
        sorted(math.equations.items()),
        sorted((name, entry.docname, entry.node_id) for name, entry in python.objects.items()),
        sorted((page, sorted(numbers.items())) for page, numbers in env.toc_secnumbers.items()),
        sorted((page, sorted((kind, sorted(ids.items())) for kind, ids in kinds.items()))
               for page, kinds in env.toc_fignumbers.items()),
        sorted((label, entry["docname"], entry["type"], title_of(entry["node"])) for label, entry in exercises.items()),
        sorted((label, entry["docname"], str(entry.get("type"))) for label, entry in proofs.items()),
        sorted((entry.citation_id, entry.bibliography_key.docname, entry.formatted_entry.text.render_as("text"))
               for entry in env.get_domain("cite").citations),
        sorted(env.shown_results.items()),
        sorted((page, "kernelspec" in data) for page, data in env.metadata.items()),
        [hashlib.sha256(path.read_bytes()).hexdigest() for path in static_files(env)],
    ]


def title_of(node: nodes.Element) -> str:
    title = node.next_node(nodes.title)
    return title.astext() if title is not None else ""


def toc_entries(env: BuildEnvironment, page: str) -> list:
    """Le sommaire que porte une page : l'ordre, les légendes de ses parties, ce qui est numéroté."""
    trees = env.tocs[page].findall(addnodes.toctree)
    return [(tree.get("caption"), tree.get("numbered"), [name for _, name in tree["entries"]]) for tree in trees]


def static_files(env: BuildEnvironment) -> list[Path]:
    """Les pages portent l'empreinte des feuilles de styles et des scripts."""
    folders = [Path(env.srcdir, name) for name in env.config.html_static_path]
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())


def rewrite_all_if_shared_changed(app, env) -> list[str]:
    """Les pages à réécrire en plus de celles que l'on vient de relire."""
    seal = hashlib.sha256(repr(shared(env)).encode()).hexdigest()
    changed, env.shared_seal = seal != getattr(env, "shared_seal", None), seal
    return sorted(env.found_docs) if changed else []


def read_again(app, env, added, changed, removed) -> list[str]:
    """Les pages que la dernière construction a laissées en faute ; et les documents gardés en mémoire sont oubliés."""
    app.read_only = ReadOnlyDoctrees(env)
    return [page for page in app.config.pages_to_redo if page in env.found_docs]


def note_done(app, doctree, docname) -> None:
    app.pages_done.add(docname)


def note_read(app, env, docnames) -> None:
    app.pages_done.update(docnames)


def write_sitemap(app, exception) -> None:
    """Toutes les pages, qu'elles aient été réécrites ou non."""
    if exception is None and app.builder.format == "html":
        pages = [app.builder.get_target_uri(page) for page in sorted(app.env.found_docs)]
        rows = "".join(f"<url><loc>{escape(app.config.html_baseurl + page)}</loc></url>\n" for page in pages)
        text = f'<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="{SITEMAP}">\n{rows}</urlset>\n'
        Path(app.outdir, "sitemap.xml").write_text(text, encoding="utf-8")


SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


def setup(app):
    StandardDomain._resolve_numref_xref = read_once(resolve_numref)
    TocTreeCollector.assign_figure_numbers = read_once(assign_figure_numbers)
    pybtex.plugin.entry_points = cache(pybtex.plugin.entry_points)  # sinon, tous les paquets relus à chaque référence
    app.pages_done = set()
    app.add_config_value("pages_to_redo", [], "")
    app.connect("env-get-outdated", read_again, priority=100)
    app.connect("env-before-read-docs", note_read)
    app.connect("env-get-updated", rewrite_all_if_shared_changed, priority=900)  # les numéros sont donnés
    app.connect("doctree-resolved", note_done)
    app.connect("build-finished", write_sitemap)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
