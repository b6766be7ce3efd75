r"""Les formules, relues à la construction : ce que MathJax ou LaTeX ne saurait lire est une erreur, située.

MathJax ne dit rien à la construction (il travaille dans le navigateur du lecteur) et LaTeX ne donne ni le fichier
ni la ligne. Sont refusés ici, dans chaque page relue : une macro que l'un des deux ne connaît pas (``macros.txt``),
une accolade, un ``\left`` ou un environnement sans son vis-à-vis, un argument absent, un exposant double, un ``&``
hors d'un tableau, un ``%`` ou un ``#`` nu, une lettre accentuée hors de ``\text``.
"""

from __future__ import annotations

import re
from pathlib import Path

from docutils import nodes
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
TOKEN = re.compile(r"\\(?:[A-Za-z]+|.)|\S", re.DOTALL)


def words(text: str) -> frozenset[str]:
    """Les mots d'un texte, hors ses lignes de commentaire."""
    return frozenset(" ".join(row for row in text.splitlines() if not row.startswith("#")).split())


MACROS = words(Path(__file__).with_name("macros.txt").read_text(encoding="utf-8"))
SIGNS = frozenset(r"\,;:!>{}|%#&$_- ")
ALIGNED = words(
    "array aligned alignedat cases gathered split smallmatrix subarray "
    "matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix"
)
ALONE = words("align align* alignat alignat* flalign flalign* gather gather* multline multline* equation equation*")
WITH_ARGUMENT = words("array subarray alignedat alignat alignat*")
TWO = words("frac tfrac dfrac cfrac binom tbinom dbinom overset underset stackrel")
ONE = words(
    "sqrt hat widehat bar tilde widetilde vec dot ddot acute grave check breve mathring overline underline overbrace "
    "underbrace overrightarrow overleftarrow mathbf mathbb mathcal mathfrak mathit mathrm mathsf mathtt mathscr "
    "boldsymbol pmb text textbf textit textrm mbox operatorname boxed phantom hphantom vphantom pmod mod mathop"
)
TEXT = words("text textbf textit textrm mbox")
ACCENTED = frozenset("àâäçéèêëîïôöùûüÿœæÀÂÇÉÈÊËÎÏÔÙÛÜŒÆ")
CLOSING = frozenset(["}", "&", r"\\", r"\right", r"\end", r"\middle", "^", "_"])


class Fault(ValueError):
    """Ce qui rend une formule illisible, en une phrase."""


class Reader:
    """Lit une formule une fois, de gauche à droite, et lève ``Fault`` à la première faute."""

    def __init__(self, tex: str) -> None:
        self.tokens, self.place = TOKEN.findall(tex), 0

    def next(self, wanted: str) -> str:
        if self.place == len(self.tokens):
            raise Fault(f"{wanted} manque à la fin")
        self.place += 1
        return self.tokens[self.place - 1]

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def group(self, aligned: bool, end: str) -> None:
        """Lit jusqu'à ``end``, qui est consommé ; ``""`` est la fin de la formule."""
        scripts: set[str] = set()
        while self.peek() != end:
            token = self.next(f"« {end} »")
            if token in "^_":
                self.script(token, scripts)
            elif token == "'":
                if "^" in scripts:
                    raise Fault("un prime après un exposant : mettez-le avant")
            else:
                scripts.clear()
                self.item(token, aligned)
        if end:
            self.place += 1

    def script(self, token: str, scripts: set[str]) -> None:
        if token in scripts:
            raise Fault(f"deux « {token} » de suite : mettez des accolades")
        scripts.add(token)
        self.argument(token)

    def item(self, token: str, aligned: bool) -> None:
        if token == "{":
            self.group(False, "}")
        elif token.startswith("\\"):
            self.command(token[1:], aligned)
        elif token == "&" and not aligned:
            raise Fault("« & » hors d'un tableau")
        elif token in "}#%$":
            raise Fault(f"« {token} » inattendu" + ("" if token == "}" else f" : écrivez « \\{token} »"))
        elif token in ACCENTED:
            raise Fault(f"« {token} » hors de « \\text{{…}} »")

    def command(self, name: str, aligned: bool) -> None:
        if name == "left":
            self.delimiter(name)
            self.group(aligned, r"\right")
            self.delimiter("right")
        elif name == "begin":
            self.environment(self.name())
        elif name in ("right", "end"):
            raise Fault(f"« \\{name} » inattendu")
        elif name == "middle":
            self.delimiter(name)
        elif name not in MACROS and name not in SIGNS:
            raise Fault(f"macro « \\{name} » inconnue de MathJax ou de LaTeX")
        elif name in TWO | ONE:
            if name == "operatorname" and self.peek() == "*":
                self.place += 1
            if name == "sqrt" and self.peek() == "[":
                self.until("]")
            for _ in range(2 if name in TWO else 1):
                self.argument(f"\\{name}", is_text=name in TEXT)

    def argument(self, owner: str, is_text: bool = False) -> None:
        token = self.peek()
        if not token or token in CLOSING:
            raise Fault(f"« {owner} » sans argument")
        self.place += 1
        if is_text and token == "{":
            self.skip_text()
        else:
            self.item(token, False)

    def skip_text(self) -> None:
        depth = 1
        while depth:
            depth += {"{": 1, "}": -1}.get(self.next("« } »"), 0)

    def until(self, end: str) -> str:
        words = []
        while (token := self.next(f"« {end} »")) != end:
            words.append(token)
        return "".join(words)

    def name(self) -> str:
        if self.next("un nom d'environnement") != "{":
            raise Fault("« \\begin » ou « \\end » sans nom entre accolades")
        return self.until("}")

    def environment(self, name: str) -> None:
        if name not in ALIGNED | ALONE:
            raise Fault(f"environnement « {name} » inconnu de MathJax ou de LaTeX")
        if name in ALONE and self.place != len(TOKEN.findall(rf"\begin{{{name}}}")):
            raise Fault(f"« {name} » ne va pas dans une autre formule : employez « aligned »")
        if name in WITH_ARGUMENT:
            self.argument(rf"\begin{{{name}}}", is_text=True)
        self.group(True, r"\end")
        closed = self.name()
        if closed != name:
            raise Fault(f"« \\begin{{{name}}} » fermé par « \\end{{{closed}}} »")

    def delimiter(self, owner: str) -> None:
        token = self.next(f"le délimiteur de « \\{owner} »")
        if token.isalnum() or token in "{}^_&":
            raise Fault(f"« \\{owner} » sans délimiteur")


def fault(tex: str) -> str | None:
    r"""La première faute d'une formule, ou ``None``.

    >>> fault(r"\frac{a}{b}")
    >>> fault(r"\alfa + 1")
    'macro « \\alfa » inconnue de MathJax ou de LaTeX'
    """
    try:
        # Sphinx met ``split`` autour d'une formule de plusieurs lignes.
        Reader(tex).group(r"\\" in tex, "")
    except Fault as found:
        return str(found)
    return None


def line_of(node: nodes.Node, text: str) -> int | None:
    """Ligne de la source où est écrite la formule : celle de son paragraphe, ou plus bas."""
    parent = node
    while parent is not None and parent.line is None:
        parent = parent.parent
    first = parent.line if parent is not None else 1
    beginning = node.astext().strip().split("\n")[0]
    rows = text.splitlines()
    return next((number for number in range(first, len(rows) + 1) if beginning in rows[number - 1]), first)


def report_faults(app, doctree: nodes.document) -> None:
    for node in doctree.findall(lambda node: isinstance(node, (nodes.math, nodes.math_block))):
        message = fault(node.astext())
        if message:
            path = app.env.doc2path(app.env.docname)
            line = line_of(node, Path(path).read_text(encoding="utf-8"))
            place, tex = (app.env.docname, line), node.astext().strip()
            LOGGER.warning("formule illisible : %s, dans « %s »", message, tex, location=place)


def setup(app):
    app.connect("doctree-read", report_faults)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
