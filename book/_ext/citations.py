"""Citations à la française : « Hochreiter et Schmidhuber (1997) », jamais « and »."""

from __future__ import annotations

from dataclasses import dataclass, field

import sphinxcontrib.bibtex.plugin
from pybtex.plugin import register_plugin
from pybtex.style.formatting import toplevel
from pybtex.style.formatting.unsrt import Style as UnsrtStyle
from pybtex.style.template import field as entry_field
from pybtex.style.template import first_of, href, join, names, optional, sentence, tag
from sphinxcontrib.bibtex.style.referencing import BracketStyle, PersonStyle
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle


def brackets() -> BracketStyle:
    return BracketStyle(left="(", right=")", sep=" ; ")


@dataclass
class FrenchAuthorYear(AuthorYearReferenceStyle):
    """Renvois « auteur (année) » avec « et » entre deux auteurs."""

    bracket_parenthetical: BracketStyle = field(default_factory=brackets)
    bracket_textual: BracketStyle = field(default_factory=brackets)
    person: PersonStyle = field(
        default_factory=lambda: PersonStyle(style="last", sep2=" et ", last_sep=" et ", other=" et al.")
    )


class FrenchEntries(UnsrtStyle):
    """Entrées « Auteurs. Titre. *Revue*, année. », sans mot anglais."""

    def format_names(self, role, as_sentence=True):
        formatted = names(role, sep=", ", sep2=" et ", last_sep=" et ")
        return sentence[formatted] if as_sentence else formatted

    def entry(self, *source):
        """Gabarit commun : auteurs, titre, puis ce qui est propre au genre d'ouvrage."""
        return toplevel[self.format_names("author"), sentence[entry_field("title")], sentence[source], self.link()]

    def link(self):
        doi = href[join["https://doi.org/", entry_field("doi")], join["doi:", entry_field("doi")]]
        return first_of[optional[doi], optional[href[entry_field("url"), entry_field("url")]], ""]

    def get_article_template(self, e):
        return self.entry(
            tag("em")[entry_field("journal")],
            optional[join["vol. ", entry_field("volume")]],
            optional[join["n° ", entry_field("number")]],
            optional[join["p. ", entry_field("pages")]],
            entry_field("year"),
        )

    def get_inproceedings_template(self, e):
        return self.entry(
            tag("em")[entry_field("booktitle")],
            optional[join["p. ", entry_field("pages")]],
            entry_field("year"),
        )

    def get_book_template(self, e):
        return self.entry(entry_field("publisher"), entry_field("year"))

    def get_misc_template(self, e):
        return self.entry(entry_field("year"))


def setup(app):
    sphinxcontrib.bibtex.plugin.register_plugin(
        "sphinxcontrib.bibtex.style.referencing", "auteur_annee", FrenchAuthorYear
    )
    register_plugin("pybtex.style.formatting", "francais", FrenchEntries)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
