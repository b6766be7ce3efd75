"""Le livre en français : espaces des ponctuations, mots de l'interface, recherche sans accents."""

from __future__ import annotations

import re
import unicodedata
from gettext import NullTranslations

from docutils import nodes
from sphinx.locale import translators
from sphinx.search import languages
from sphinx.search.fr import SearchFrench
from sphinx.transforms.post_transforms import SphinxPostTransform

FINE, NBSP = "\u202f", "\u00a0"
SPACINGS = [
    (re.compile(r"[ \u00a0\u202f]+([;!?»])"), FINE + r"\1"),
    (re.compile(r"«[ \u00a0\u202f]+"), "«" + FINE),
    (re.compile(r"[ \u202f]+:(?=[\s\u00a0]|$)"), NBSP + ":"),
    (re.compile(r"(?<=\d) (?=%)"), FINE),
]

# Ce que les catalogues français de Sphinx et des thèmes ne traduisent pas.
MESSAGES = {
    "Repository": "Dépôt du cours",
    "Source repository": "Dépôt du cours",
    "Source repositories": "Dépôt du cours",
    "Open issue": "Signaler une erreur",
    "Open an issue": "Signaler une erreur",
    "Launch on": "Ouvrir dans",
    "Launch interactive content": "Exécuter ce chapitre",
    "Download this page": "Télécharger cette page",
    "Download notebook file": "Carnet Jupyter de ce chapitre",
    "Download source file": "Source MyST de cette page",
    "Print to PDF": "Imprimer la page",
    "Fullscreen mode": "Plein écran",
    "Toggle primary sidebar": "Afficher ou masquer le sommaire",
    "Toggle secondary sidebar": "Afficher ou masquer le plan de la page",
    "Color mode": "Thème clair ou sombre",
    "light/dark": "clair ou sombre",
    "Search": "Rechercher",
    "Contents": "Sur cette page",
    "On this page": "Sur cette page",
    "Skip to main content": "Aller au contenu",
    "Back to top": "Haut de page",
    "Permalink to this equation": "Lien vers cette équation",
    "Permalink to this image": "Lien vers cette figure",
    "Permalink to this table": "Lien vers ce tableau",
    "Permalink to this code": "Lien vers ce code",
    "Link to this equation": "Lien vers cette équation",
    "Link to this image": "Lien vers cette figure",
    "Link to this table": "Lien vers ce tableau",
    "Link to this code": "Lien vers ce code",
    "Link to this heading": "Lien vers ce titre",
    "Link to this term": "Lien vers ce terme",
    "Link to this definition": "Lien vers cette définition",
    "Site Navigation": "Navigation du site",
    "Page navigation": "Navigation entre les pages",
    "Table of Contents": "Sommaire",
    "Breadcrumb": "Fil d’Ariane",
    "Previous": "Précédent",
    "Next": "Suivant",
    "previous page": "page précédente",
    "next page": "page suivante",
    "By": "Par",
    "Exercise": "Exercice",
    "Solution to": "Solution de l’",
    "Exercise %s": "Exercice %s",
}


def with_french_spaces(text: str) -> str:
    """Espace fine insécable avant « ; ! ? » et dans les guillemets, insécable avant « : »."""
    for pattern, replacement in SPACINGS:
        text = pattern.sub(replacement, text)
    return text


class FrenchSpacing(SphinxPostTransform):
    """Applique les espaces françaises au texte courant, jamais au code ni aux équations."""

    default_priority = 900
    skipped = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw)

    def run(self, **kwargs) -> None:
        for text in list(self.document.findall(nodes.Text)):
            if not self.is_verbatim(text):
                spaced = with_french_spaces(text.astext())
                if spaced != text.astext():
                    text.parent.replace(text, nodes.Text(spaced))

    def is_verbatim(self, node: nodes.Node) -> bool:
        while node is not None:
            if isinstance(node, self.skipped):
                return True
            node = node.parent
        return False


class FrenchMessages(NullTranslations):
    """Catalogue de secours : répond pour les messages que les autres n'ont pas."""

    def gettext(self, message: str) -> str:
        return MESSAGES.get(message, message)

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        return self.gettext(singular if count < 2 else plural)


def complete_catalogues(app) -> None:
    for catalogue in list(translators.values()):
        catalogue.add_fallback(FrenchMessages())


def without_accents(word: str) -> str:
    """« récurrent » et « recurrent » sont le même mot pour la recherche."""
    decomposed = unicodedata.normalize("NFD", word)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


class FrenchSearch(SearchFrench):
    """Recherche française qui ignore les accents, dans l'index comme dans la requête."""

    def stem(self, word: str) -> str:
        return super().stem(without_accents(word.lower()))


FOLDING_STEMMER = r"""
var Stemmer = (function (Base) {
  return function () {
    var base = new Base();
    this.stemWord = function (word) {
      return base.stemWord(word.normalize("NFD").replace(/[\u0300-\u036f]/g, ""));
    };
  };
})(FrenchStemmer);
"""


def fold_accents_in_pages(app, pagename, templatename, context, doctree) -> None:
    """Ajoute le repli des accents au code de recherche engendré par Sphinx."""
    indexer = getattr(app.builder, "indexer", None)
    if indexer is not None and not hasattr(indexer, "without_folding"):
        indexer.without_folding = indexer.get_js_stemmer_code
        indexer.get_js_stemmer_code = lambda: indexer.without_folding() + FOLDING_STEMMER


def setup(app):
    languages["fr"] = FrenchSearch
    app.add_post_transform(FrenchSpacing)
    app.connect("builder-inited", complete_catalogues)
    app.connect("html-page-context", fold_accents_in_pages)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
