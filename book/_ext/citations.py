"""Citations à la française : « Hochreiter et Schmidhuber (1997) », jamais « and »."""

from __future__ import annotations

from dataclasses import dataclass, field

import sphinxcontrib.bibtex.plugin
from pybtex.style.formatting.unsrt import Style as UnsrtStyle
from pybtex.style.template import field as entry_field
from pybtex.style.template import join, sentence
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
    """Entrées « Auteurs. Titre. Revue, année. » sans mot anglais."""

    def format_names(self, role, as_sentence=True):
        from pybtex.style.template import names

        formatted = names(role, sep=", ", sep2=" et ", last_sep=" et ")
        return sentence[formatted] if as_sentence else formatted

    def get_article_template(self, e):
        from pybtex.style.template import optional, tag, toplevel

        return toplevel[
            self.format_names("author"),
            sentence[entry_field("title")],
            sentence[
                tag("em")[entry_field("journal")],
                optional["vol. ", entry_field("volume")],
                optional["nᵒ ", entry_field("number")],
                optional["p. ", entry_field("pages")],
                entry_field("year"),
            ],
            self.links(e),
        ]

    def get_inproceedings_template(self, e):
        from pybtex.style.template import optional, tag, toplevel

        return toplevel[
            self.format_names("author"),
            sentence[entry_field("title")],
            sentence[
                join["dans ", tag("em")[entry_field("booktitle")]],
                optional["p. ", entry_field("pages")],
                entry_field("year"),
            ],
            self.links(e),
        ]

    def links(self, e):
        from pybtex.style.template import first_of, href, optional

        return first_of[
            optional[href[join["https://doi.org/", entry_field("doi")], join["doi:", entry_field("doi")]]],
            optional[href[entry_field("url"), entry_field("url")]],
            "",
        ]


def setup(app):
    sphinxcontrib.bibtex.plugin.register_plugin(
        "sphinxcontrib.bibtex.style.referencing", "auteur_annee", FrenchAuthorYear
    )
    from pybtex.plugin import register_plugin

    register_plugin("pybtex.style.formatting", "francais", FrenchEntries)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
