"""``{liste-figures}`` : les figures interactives du livre et les réglages que le texte en propose, par chapitre."""

from __future__ import annotations

from docutils import nodes
from interactive_figures import address, setting, shown_figures
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

#: Ce que l'on note de chaque page : les figures qu'elle montre, et pour chacune (texte du lien, adresse).
Settings = dict[str, list[tuple[str, str]]]


class figure_list(nodes.General, nodes.Element):
    """Là où vient la liste."""


class FigureList(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        return [figure_list("")]


def registered(env) -> dict[str, Settings]:
    if not hasattr(env, "book_figures"):
        env.book_figures = {}
    return env.book_figures


def register(app, doctree: nodes.document) -> None:
    found: Settings = {name: [] for name in sorted(shown_figures(doctree))}
    for node in doctree.findall(setting):
        found.get(node["figure"], []).append((node.astext(), node["address"]))
    if found:
        registered(app.env)[app.env.docname] = found
    app.env.metadata[app.env.docname].pop("liste-figures", None)
    if next(doctree.findall(figure_list), None) is not None:
        app.env.metadata[app.env.docname]["liste-figures"] = "oui"


def forget(app, env, docname: str) -> None:
    registered(env).pop(docname, None)


def merge(app, env, docnames: list[str], other) -> None:
    registered(env).update({name: found for name, found in registered(other).items() if name in docnames})


def rewrite_lists(app, env) -> list[str]:
    """Les listes sont récrites quand une figure ou un réglage a changé."""
    rows = repr(sorted(registered(env).items()))
    changed, env.figures_seal = rows != getattr(env, "figures_seal", None), rows
    return [page for page in env.found_docs if changed and "liste-figures" in env.metadata.get(page, {})]


class FillFigureList(SphinxPostTransform):
    default_priority = 1

    def run(self, **kwargs) -> None:
        for place in list(self.document.findall(figure_list)):
            order = self.env.toctree_includes.get(self.env.config.root_doc, [])
            pages = [page for page in order if page in registered(self.env)]
            items = [self.item(page, name, links) for page in pages
                     for name, links in registered(self.env)[page].items()]
            place.replace_self(nodes.bullet_list("", *items, bullet="-") if items else nodes.paragraph("", "Aucune."))

    def item(self, page: str, name: str, links: list[tuple[str, str]]) -> nodes.list_item:
        """« *unite*, dans Disparition et explosion du gradient : au bord de la falaise ; un cran plus bas. »"""
        title = self.env.titles[page].deepcopy()
        told = [nodes.emphasis("", name), nodes.Text(", dans "), self.link(page, address(name, {}), *title.children)]
        for rank, (words, where) in enumerate(links):
            told += [nodes.Text(" ; " if rank else " : "), self.link(page, where, nodes.Text(words))]
        return nodes.list_item("", nodes.paragraph("", "", *told, nodes.Text(".")))

    def link(self, page: str, query: str, *content: nodes.Node) -> nodes.reference:
        """Un réglage n'a de sens que dans la page : sur papier, le lien mène au chapitre."""
        chapter = self.app.builder.get_relative_uri(self.env.docname, page)
        where = chapter + (query if self.app.builder.format == "html" else "")
        return nodes.reference("", "", nodes.inline("", "", *content), refuri=where, internal=True)


def setup(app):
    app.add_node(figure_list)
    app.add_directive("liste-figures", FigureList)
    app.add_post_transform(FillFigureList)
    app.connect("doctree-read", register, priority=900)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("env-get-updated", rewrite_lists)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
