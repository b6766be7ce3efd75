"""Citations à la française : « Hochreiter et Schmidhuber (1997) », jamais « and », ni aucun mot anglais.

Tous les genres d'entrée de BibTeX ont le même gabarit : auteurs, titre, puis ce que l'entrée donne
de sa source, dans l'ordre. Un genre inconnu ou un titre absent est une erreur, qui nomme l'entrée.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sphinxcontrib.bibtex.plugin
from pybtex.plugin import register_plugin
from pybtex.richtext import Tag, Text
from pybtex.style.formatting import toplevel
from pybtex.style.formatting.unsrt import Style as UnsrtStyle
from pybtex.style.formatting.unsrt import dashify
from pybtex.style.template import FieldIsMissing, first_of, href, join, node, optional, sentence, tag
from pybtex.style.template import field as entry_field
from sphinx.errors import SphinxError
from sphinxcontrib.bibtex.style.referencing import BracketStyle, PersonStyle
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle

OTHERS = "others"  # la dernière personne de « Noe, Nina and others »
MONTHS = {
    "jan": "janvier", "feb": "février", "mar": "mars", "apr": "avril", "may": "mai", "jun": "juin",
    "jul": "juillet", "aug": "août", "sep": "septembre", "oct": "octobre", "nov": "novembre", "dec": "décembre",
}
ORDINALS = {"first": "1re", "second": "2e", "third": "3e", "fourth": "4e", "fifth": "5e", "sixth": "6e"}
#: Ce que dit un genre de travail, et ce qu'écrivent en anglais les fichiers BibTeX.
KINDS = {
    "phdthesis": "thèse de doctorat",
    "mastersthesis": "mémoire de master",
    "thesis": "thèse",
    "techreport": "rapport",
    "manual": "manuel",
    "unpublished": "non publié",
    "patent": "brevet",
    "dataset": "jeu de données",
    "software": "logiciel",
}
ENGLISH_KINDS = {
    "phd thesis": "phdthesis", "ph.d. thesis": "phdthesis", "phdthesis": "phdthesis",
    "doctoral dissertation": "phdthesis", "doctoral thesis": "phdthesis", "phd dissertation": "phdthesis",
    "master's thesis": "mastersthesis", "masters thesis": "mastersthesis", "master thesis": "mastersthesis",
    "mathesis": "mastersthesis", "technical report": "techreport", "tech. rep.": "techreport",
    "research report": "techreport", "techreport": "techreport",
}
#: Genres dont le titre est celui d'un ouvrage entier, en italique.
WHOLE = {"book", "booklet", "manual", "mastersthesis", "phdthesis", "proceedings", "techreport", "thesis", "inbook"}


def brackets() -> BracketStyle:
    return BracketStyle(left="(", right=")", sep=" ; ")


def joined(persons: list, full: bool = True) -> Text:
    """« A, B et C » ; « A et al. » si l'on abrège, ou si la liste de l'entrée s'arrête sur « others »."""
    named, unfinished = [name for name in persons if str(name) != OTHERS], OTHERS in map(str, persons)
    if not named:
        return Text()
    if unfinished or not full and len(named) > 2:
        return Text(Text(", ").join(named if full else named[:1]), " ", Tag("em", "et al."))
    return Text(" et ").join([Text(", ").join(named[:-1]), named[-1]]) if len(named) > 1 else Text(*named)


@node
def people(children, context, role, style, abbreviate, full=True):
    """Les noms d'un rôle (``author``, ``editor``), comme un gabarit de pybtex."""
    persons = context["entry"].persons.get(role)
    if not persons:
        raise FieldIsMissing(role, context["entry"])
    written = [OTHERS if str(person) == OTHERS else style.format(person, abbreviate) for person in persons]
    rendered = [text if isinstance(text, str) else text.format_data(context) for text in written]
    return joined(rendered, full)


@dataclass
class FrenchPersons(PersonStyle):
    """Les noms d'un renvoi : « Cho et al. », « Gers et Schmidhuber »."""

    style: str = "last"

    def names(self, role, full):
        return people(role=role, style=self.style_plugin, abbreviate=self.abbreviate, full=full)

    def author_or_editor_or_title(self, full):
        named = [optional[self.names(role, full)] for role in ("author", "editor")]
        return first_of[(*named, tag("em")[entry_field("title")])]


@dataclass
class FrenchAuthorYear(AuthorYearReferenceStyle):
    """Renvois « auteur (année) » avec « et » entre deux auteurs."""

    bracket_parenthetical: BracketStyle = field(default_factory=brackets)
    bracket_textual: BracketStyle = field(default_factory=brackets)
    person: PersonStyle = field(default_factory=FrenchPersons)


def known(name: str, prefix: str = "", rewrite=None):
    """Un champ de l'entrée, s'il y est, précédé d'un mot."""
    found = entry_field(name, apply_func=rewrite) if rewrite else entry_field(name)
    return optional[join[prefix, found]]


def month(text) -> str:
    return MONTHS.get(str(text).strip().lower()[:3], str(text))


def edition(text) -> str:
    word = str(text).strip().lower()
    return f"{ORDINALS.get(word, '1re' if word == '1' else f'{word}e' if word.isdigit() else word)} éd."


class FrenchEntries(UnsrtStyle):
    """Entrées « Auteurs. Titre. *Revue*, année. », sans mot anglais."""

    def format_entry(self, label, entry, bib_data=None):
        if not hasattr(self, f"get_{entry.type}_template"):
            raise SphinxError(f"bibliographie : « {entry.key} » : genre d’entrée inconnu, « @{entry.type} »")
        if not entry.fields.get("title"):
            raise SphinxError(f"bibliographie : « {entry.key} » n’a pas de titre")
        return super().format_entry(label, entry, bib_data)

    def format_names(self, role, as_sentence=True):
        named = people(role=role, style=self.name_style, abbreviate=self.abbreviate_names)
        return sentence[named] if as_sentence else named

    def head(self, entry):
        """Les auteurs ; à défaut, ceux qui ont dirigé l'ouvrage."""
        directors = join[self.format_names("editor", as_sentence=False), " (dir.)"]
        return first_of[optional[self.format_names("author")], optional[sentence[directors]], ""]

    def directed(self, entry):
        """« sous la dir. de… », quand l'ouvrage a aussi des auteurs."""
        named = self.format_names("editor", as_sentence=False)
        return optional[join["sous la dir. de ", named]] if entry.persons.get("author") else ""

    def kind(self, entry) -> str:
        """« thèse de doctorat » ; ce que l'entrée en dit, si ce n'est pas de l'anglais d'usage."""
        told = entry.fields.get("type", "")
        default = KINDS.get(ENGLISH_KINDS.get(told.lower(), "" if told else entry.type), told)
        return " ".join(filter(None, [default, entry.fields.get("number", "")])) if default else ""

    def date(self):
        return optional[join[optional[join[entry_field("month", apply_func=month), " "]], entry_field("year")]]

    def link(self):
        doi = href(join["https://doi.org/", entry_field("doi")])[join["doi:", entry_field("doi")]]
        url = href(entry_field("url"))[entry_field("url")]
        eprint = href(join["https://arxiv.org/abs/", entry_field("eprint")])[join["arXiv:", entry_field("eprint")]]
        address = first_of[optional[doi], optional[url], optional[eprint], ""]
        return join[address, known("urldate", " (consulté le ", lambda day: Text(day, ")"))]

    def template(self, entry):
        """Le gabarit commun ; un champ absent n'y laisse rien."""
        journals = [optional[tag("em")[entry_field(name)]] for name in ("journal", "journaltitle")]
        book = optional[join["dans ", tag("em")[entry_field("booktitle")]]]
        title = tag("em")[entry_field("title")] if entry.type in WHOLE else entry_field("title")
        kind = self.kind(entry) if entry.type in KINDS else ""
        in_journal = bool({"journal", "journaltitle"} & set(entry.fields))  # « arXiv » garde sa minuscule
        source = sentence(capfirst=not in_journal)[
            first_of[(*journals, "")],
            book,
            self.directed(entry),
            kind,
            known("howpublished"),
            known("series", "coll. "),
            known("volume", "vol. "),
            "" if kind else known("number", "n° "),
            known("chapter", "chap. "),
            known("edition", "", edition),
            known("pages", "p. ", dashify),
            known("school"),
            known("institution"),
            known("organization"),
            known("publisher"),
            known("address"),
            self.date(),
        ]
        return toplevel[
            self.head(entry), sentence[title], source, optional[sentence[entry_field("note")]],
            known("isbn", "ISBN "), self.link(),
        ]

    get_article_template = get_book_template = get_booklet_template = get_dataset_template = template
    get_inbook_template = get_incollection_template = get_inproceedings_template = template
    get_conference_template = get_manual_template = get_mastersthesis_template = get_misc_template = template
    get_online_template = get_patent_template = get_phdthesis_template = get_proceedings_template = template
    get_software_template = get_techreport_template = get_thesis_template = get_unpublished_template = template


def setup(app):
    sphinxcontrib.bibtex.plugin.register_plugin(
        "sphinxcontrib.bibtex.style.referencing", "auteur_annee", FrenchAuthorYear
    )
    register_plugin("pybtex.style.formatting", "francais", FrenchEntries)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
