"""Le livre en français : espaces des ponctuations, mots de l'interface, recherche sans accents."""

from __future__ import annotations

import re
import unicodedata
from gettext import NullTranslations

from docutils import nodes
from sphinx.locale import translators
from sphinx.search import languages
from sphinx.search.fr import SearchFrench
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform

FINE, NBSP = "\u202f", "\u00a0"
SPACINGS = [
    (re.compile(r"[ \u00a0\u202f]+([;!?»])"), FINE + r"\1"),
    (re.compile(r"«[ \u00a0\u202f]+"), "«" + FINE),
    (re.compile(r"[ \u202f]+:(?=[\s\u00a0]|$)"), NBSP + ":"),
    (re.compile(r"[ \u00a0]+(?=%)"), FINE),
    (re.compile(r"(?<![\d,])(\d{1,3}(?: \d{3})+)(?![\d])"), lambda number: number[0].replace(" ", FINE)),
    (re.compile(r"'"), "’"),
    (re.compile(r"(?<= )--(?= )"), "–"),
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
    "Solution to": "Solution",
    "Solution": "Solution",
}


def with_french_spaces(text: str) -> str:
    """Espace fine insécable avant « ; ! ? » et dans les guillemets, insécable avant « : »."""
    for pattern, replacement in SPACINGS:
        text = pattern.sub(replacement, text)
    return text


VERBATIM = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw)


def is_verbatim(node: nodes.Node) -> bool:
    while node is not None:
        if isinstance(node, VERBATIM):
            return True
        node = node.parent
    return False


def space(document: nodes.document) -> None:
    """Applique les espaces françaises au texte courant, jamais au code ni aux équations."""
    for text in list(document.findall(nodes.Text)):
        spaced = with_french_spaces(text.astext())
        if spaced != text.astext() and not is_verbatim(text):
            text.parent.replace(text, nodes.Text(spaced))


class SpaceSource(SphinxTransform):
    """Le texte des chapitres, avant que les titres n'en soient tirés pour le sommaire."""

    default_priority = 850

    def apply(self, **kwargs) -> None:
        space(self.document)


class SpaceResolved(SphinxPostTransform):
    """Ce que les renvois, les citations et les valeurs calculées ont ajouté."""

    default_priority = 900

    def run(self, **kwargs) -> None:
        space(self.document)


OPENING = re.compile(r"(?:[(\[’]|«[\u202f\u00a0])+$")
CLOSING = re.compile(r"^(?:[)\].,…]|[\u202f\u00a0][:;!?%»])+")


class KeepPunctuation(SphinxPostTransform):
    """Une formule reste avec la ponctuation qui la touche, ou que n'en sépare qu'une espace insécable.

    Un navigateur couperait la ligne entre les deux : pour lui, une formule est un objet,
    et l'espace insécable qui touche un objet n'interdit rien.
    """

    default_priority = 950
    formats = ("html",)

    def run(self, **kwargs) -> None:
        for math in list(self.document.findall(nodes.math)):
            before, after = self.beside(math, -1, OPENING), self.beside(math, 1, CLOSING)
            if before or after:
                group = nodes.inline("", classes=["d-un-bloc"])
                math.replace_self(group)
                group += [nodes.Text(before), math, nodes.Text(after)]

    @staticmethod
    def beside(math: nodes.math, step: int, punctuation: re.Pattern) -> str:
        """Ôte de la page la ponctuation qui touche la formule, de ce côté, et la rend."""
        place = math.parent.index(math) + step
        text = math.parent[place] if 0 <= place < len(math.parent) else None
        found = punctuation.search(text.astext()) if isinstance(text, nodes.Text) else None
        if not found:
            return ""
        math.parent[place] = nodes.Text(punctuation.sub("", text.astext()))
        return found.group()


class FrenchMessages(NullTranslations):
    """Catalogue prioritaire : les mots du livre d'abord, ceux des bibliothèques ensuite."""

    def __init__(self, fallback: NullTranslations) -> None:
        super().__init__()
        self.add_fallback(fallback)

    def gettext(self, message: str) -> str:
        return MESSAGES.get(message) or super().gettext(message)


def complete_catalogues(app) -> None:
    for key, catalogue in list(translators.items()):
        if not isinstance(catalogue, FrenchMessages):
            translators[key] = FrenchMessages(catalogue)


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


def setup(app):
    languages["fr"] = FrenchSearch
    app.add_transform(SpaceSource)
    app.add_post_transform(SpaceResolved)
    app.add_post_transform(KeepPunctuation)
    app.connect("builder-inited", complete_catalogues)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
