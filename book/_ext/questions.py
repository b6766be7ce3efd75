r"""Les prédictions, que le lecteur fait avant de voir un résultat, et les questions d'un chapitre.

``{prediction}`` et ``{question}`` donnent un énoncé, puis une liste de choix dont chacun a sa réponse (un paragraphe
qui commence par « : »). ``:juste:`` dit le bon choix, et ``:preuve:`` la condition qui le rend bon : la construction
la vérifie sur les valeurs que la page a collées (voir ``proofs``). Une prédiction peut aussi demander un nombre
(``:nombre:``, ``:echelle:``), ou une courbe à dessiner (``:courbe:``, une valeur collée par ``:abscisses:``).

Sans JavaScript, la page montre l'énoncé, les choix et, dans un repli, les réponses ; ``questions.js`` en fait un
formulaire. Le PDF renvoie les réponses à la fin du chapitre, le carnet ajoute une cellule où répondre.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from html import escape
from typing import NamedTuple

import measures
import pdf
import proofs
from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from pdf_contents import files, raw
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging, texescape
from sphinx.util.docutils import SphinxDirective

from notebook_utils.questions import encode_answers

LOGGER = logging.getLogger(__name__)
LETTERS = "abcde"
PREDICTION, QUESTION = "prediction", "question"
LABELS = {PREDICTION: "Prédiction", QUESTION: "Question"}
LINKS = {PREDICTION: "Lien vers cette prédiction", QUESTION: "Lien vers cette question"}
SEE = {"choix": "Voir les réponses", "nombre": "Voir la réponse", "courbe": "Voir la courbe mesurée"}
SCALE_OPTIONS = ("echelle", "unite", "pas", "tolerance")
FORM_OPTIONS = {"nombre": ("nombre", *SCALE_OPTIONS), "courbe": ("courbe", "abscisses", "axe", *SCALE_OPTIONS)}
#: La part de l'échelle dont une prévision peut s'écarter de la mesure, faute de ``:tolerance:``.
TOLERANCE = 0.05


class question(nodes.General, nodes.Element):
    """Une prédiction ou une question : son énoncé, ses choix (si elle en propose), ses réponses."""


class statement(nodes.Part, nodes.Element):
    """L'énoncé : un paragraphe, puis ce qui l'accompagne."""


class choices(nodes.Part, nodes.Element):
    """Les choix, dans l'ordre."""


class choice(nodes.Part, nodes.TextElement):
    """Un choix : du texte, dans une ligne."""


class replies(nodes.Part, nodes.Element):
    """Les réponses, une par choix, ou la seule si l'on demande un nombre ou une courbe."""


class reply(nodes.Part, nodes.Element):
    """La réponse à un choix."""


class question_list(nodes.General, nodes.Element):
    """Là où vient la liste de toutes les questions du livre."""


class Entry(NamedTuple):
    """Ce que la liste montre d'une question."""

    name: str
    kind: str
    number: int
    answer: str
    statement: nodes.Element


class Fault(ValueError):
    """Une faute de l'auteur : son message, et sa ligne dans la directive."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


# -- lire ------------------------------------------------------------------------------------


class Item(NamedTuple):
    """Un choix et sa réponse, tels qu'ils sont écrits ; les lignes où chacun commence."""

    line: int
    text: str
    reply_line: int
    reply: str


def split(content: list[str]) -> tuple[list[str], list[Item]]:
    """Ce qui précède la liste, et les choix de la liste.

    >>> split(["Ceci.", "", "- Oui,", "  sûr.", "  : Non :", "    faux.", "- Non.", "  : Oui."])[1][0]
    Item(line=2, text='Oui,\\nsûr.', reply_line=4, reply='Non :\\nfaux.')
    """
    starts = list(bullets(content))
    ends = [*starts[1:], len(content)] if starts else []
    items = [item(start, content[start:end]) for start, end in zip(starts, ends, strict=True)]
    return content[: starts[0]] if starts else content, items


def bullets(content: list[str]) -> Iterator[int]:
    """Les lignes qui ouvrent un choix : une puce en première colonne, hors d'un bloc de code."""
    fence = ""
    for rank, row in enumerate(content):
        mark = re.match(r"`{3,}|~{3,}|:{3,}|\$\$", row)
        if mark and not fence:
            fence = mark[0] if not (mark[0] == "$$" and row.rstrip().endswith("$$") and len(row.strip()) > 2) else ""
        elif mark and row.startswith(fence):
            fence = ""
        elif not fence and re.match(r"[-*] ", row):
            yield rank


def item(start: int, rows: list[str]) -> Item:
    first, *others = rows
    inside = [first[2:].strip(), *(dedented(row) for row in others)]
    stray = next((rank for rank, row in enumerate(others, 1) if row.strip() and not row.startswith(" ")), None)
    if stray is not None:
        text = others[stray - 1].strip()[:40]
        raise Fault(f"« {text} » n'est pas dans un choix : décalez la ligne de deux espaces", start + stray)
    place = next((rank for rank, row in enumerate(inside) if re.match(r":(\s|$)", row)), None)
    if place is None:
        raise Fault(f"le choix « {inside[0][:40]} » n'a pas de réponse : ajoutez-lui un paragraphe « : … »", start)
    text = "\n".join(inside[:place]).strip()
    answer = "\n".join([inside[place][1:].strip(), *map(dedented, inside[place + 1 :])]).strip()
    if not text or not answer:
        raise Fault("un choix et sa réponse ont chacun un texte", start)
    return Item(start, text, start + place, answer)


def dedented(row: str) -> str:
    """La ligne, sans les deux espaces de la puce ou du deux-points."""
    return row[2:] if row.startswith("  ") else row.lstrip()


def glued_texts(document: nodes.document) -> dict[str, str]:
    """Les textes que les cellules de la page ont collés, par clé."""
    if "nb_renderer" not in document:
        return {}
    data = document["nb_renderer"].renderer.nb_client.glue_data
    return {key: measures.plain(output["data"].get("text/plain", "")) for key, output in data.items()}


class Question(SphinxDirective):
    """Ce que ``{prediction}`` et ``{question}`` ont en commun."""

    kind = QUESTION
    has_content = True
    required_arguments = 1
    final_argument_whitespace = True
    option_spec = {
        "name": directives.unchanged_required, "juste": directives.unchanged_required,
        "preuve": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        try:
            return self.read()
        except Fault as fault:
            line = self.lineno + (0 if fault.line is None else self.content_offset + fault.line + 1)
            LOGGER.warning("%s : %s", f"{{{self.name}}}", fault, location=(self.env.docname, line))
            return []

    def read(self) -> list[nodes.Node]:
        node = question("", kind=self.kind, form="choix", page=self.env.docname)
        self.set_source_info(node)
        self.check_name(node)
        text, messages = self.parse_inline(self.arguments[0])
        node += statement("", nodes.paragraph("", "", *text))
        self.fill(node)
        source = "\n".join([*self.arguments, *self.content])
        node["version"] = hashlib.sha256(source.encode()).hexdigest()[:8]
        self.add_name(node)
        return [node, *messages]

    def check_name(self, node: question) -> None:
        """Le nom dit la page, et, pour une question, son rang : il sert de lien et de clé dans le navigateur."""
        page = self.env.docname.rsplit("/", 1)[-1]
        seen = self.env.temp_data.setdefault("questions", {PREDICTION: [], QUESTION: []})[self.kind]
        node["number"] = len(seen) + 1
        name = self.options.get("name")
        wanted = f"quiz-{page}-{node['number']}" if self.kind == QUESTION else f"pred-{page}-…"
        if not name:
            raise Fault(f"sans nom : ajoutez « :name: {wanted} »")
        if name in seen:
            raise Fault(f"le nom « {name} » est déjà celui d'une autre")
        seen.append(name)
        fits = name == wanted if self.kind == QUESTION else re.fullmatch(rf"pred-{re.escape(page)}-[a-z0-9-]+", name)
        if not fits:
            raise Fault(f"le nom « {name} » devrait être « {wanted} »")

    def fill(self, node: question) -> None:
        lead, items = split(list(self.content))
        node[0] += self.nested(lead, 0)
        if not 2 <= len(items) <= len(LETTERS):
            raise Fault(f"{len(items)} choix : il en faut de deux à {len(LETTERS)}, en liste à puces")
        right = self.options.get("juste", "").strip()
        letters = LETTERS[: len(items)]
        if right not in letters or not right:
            raise Fault(f"« :juste: {right} » n'est pas l'un des choix, de {letters[0]} à {letters[-1]}")
        self.check_proof()
        node["right"] = right
        pairs = [self.pair(letter, each, letter == right) for letter, each in zip(letters, items, strict=True)]
        node += choices("", *(first for first, _ in pairs))
        node += replies("", *(second for _, second in pairs))

    def check_proof(self) -> None:
        proof = self.options.get("preuve")
        if proof is None:
            if self.kind == PREDICTION:
                raise Fault("sans preuve : « :preuve: » dit quelle valeur de la page rend ce choix juste")
            return
        glued = measures.elsewhere(proofs.keys(proof), self.env) | glued_texts(self.state.document)
        try:
            true = proofs.holds(proof, glued)
        except proofs.ProofError as error:
            raise Fault(f"la preuve « {proof} » : {error}") from error
        if not true:
            raise Fault(f"la preuve « {proof} » est fausse : {proofs.described(proof, glued)}")

    def pair(self, letter: str, each: Item, is_right: bool) -> tuple[choice, reply]:
        body = self.nested(each.text.split("\n"), each.line)
        if len(body) != 1 or not isinstance(body[0], nodes.paragraph):
            raise Fault("un choix tient en un paragraphe, sans équation centrée ni liste", each.line)
        return (
            choice("", "", *body[0].children, letter=letter, right=is_right),
            reply("", *self.nested(each.reply.split("\n"), each.reply_line), letter=letter, right=is_right),
        )

    def nested(self, rows: list[str], offset: int) -> list[nodes.Node]:
        holder = nodes.Element()
        source = self.state.document.current_source or ""
        self.state.nested_parse(StringList(rows, source), self.content_offset + offset, holder)
        return holder.children


class Prediction(Question):
    kind = PREDICTION
    option_spec = Question.option_spec | {
        name: directives.unchanged_required for names in FORM_OPTIONS.values() for name in names
    }

    def fill(self, node: question) -> None:
        form = next((name for name in FORM_OPTIONS if name in self.options), "choix")
        allowed = {"name", "juste", "preuve", *FORM_OPTIONS.get(form, ())}
        if alone := sorted(set(self.options) - allowed):
            raise Fault(f"« :{alone[0]}: » ne va pas avec {'des choix' if form == 'choix' else f'« :{form}: »'}")
        if form == "choix":
            return super().fill(node)
        if "juste" in self.options or split(list(self.content))[1]:
            raise Fault(f"des choix ou « :{form}: », pas les deux : avec « :{form}: », le corps est l'explication")
        if "preuve" in self.options:
            self.check_proof()
        scale = self.scale()
        node["form"] = form
        if form == "nombre":
            (node["right"],), (value,) = self.measures([self.options["nombre"].strip()], scale)
            node["scale"] = scale | {"valeur": value, "texte": node["right"]}
        else:
            self.fill_curve(node, scale)
        node += replies("", reply("", *self.nested(list(self.content), 0), letter="", right=True))

    def fill_curve(self, node: question, scale: dict) -> None:
        keys, places = self.options["courbe"].split(), self.options.get("abscisses", "").split()
        if "axe" not in self.options:
            raise Fault("« :axe: » nomme ce que disent les abscisses, « dates » ou « pas »")
        if not len(keys) == len(places) >= 3:
            counts = f"« :courbe: » nomme {len(keys)} valeurs, « :abscisses: » en place {len(places)}"
            raise Fault(f"{counts} : il en faut autant, au moins trois")
        texts, values = self.measures(keys, scale)
        node["right"] = " ; ".join(f"{place}, {text}" for place, text in zip(places, texts, strict=True))
        node["scale"] = scale | {"axe": self.options["axe"], "abscisses": places, "valeurs": values, "textes": texts}

    def scale(self) -> dict:
        """L'échelle où le lecteur se prononce, son pas, et de combien il peut s'écarter de la mesure."""
        try:
            low, high = map(float, self.options.get("echelle", "").split())
            step = float(self.options.get("pas", 1 if high - low >= 20 else (high - low) / 100))
            tolerance = float(self.options.get("tolerance", TOLERANCE * (high - low)))
        except ValueError as error:
            raise Fault("« :echelle: » a deux nombres, « :pas: » et « :tolerance: » un seul, avec un point") from error
        if not low < high or step <= 0 or tolerance < 0:
            raise Fault("« :echelle: » va du plus petit au plus grand, « :pas: » est positif")
        return {"min": low, "max": high, "pas": step, "tolerance": tolerance, "unite": self.options.get("unite", "")}

    def measures(self, keys: list[str], scale: dict) -> tuple[list[str], list[float]]:
        """Les textes collés par la page, et leurs valeurs, qui tiennent dans l'échelle."""
        glued, texts, values = glued_texts(self.state.document), [], []
        for key in keys:
            if key not in glued:
                raise Fault(f"aucune cellule de la page ne colle « {key} »")
            read = proofs.read(key, glued[key])
            if read.value is None:
                raise Fault(f"« {key} » vaut « {read.text} », qui n'est pas un nombre")
            if not scale["min"] <= read.value <= scale["max"]:
                bounds = f"de {scale['min']:g} à {scale['max']:g}"
                raise Fault(f"« {key} » vaut « {read.text} », hors de l'échelle {bounds}")
            texts.append(glued[key])
            values.append(read.value)
        return texts, values


def french(value: float) -> str:
    """Un nombre de l'échelle, comme on l'écrit en français."""
    return f"{value:.10g}".replace(".", ",").replace("-", "−")


def label(node: question) -> str:
    return f"{LABELS[node['kind']]} {node['number']}"


def range_text(node: question) -> str:
    """« De 0 à 100 %. », et, pour une courbe, à quelles abscisses."""
    data = node["scale"]
    unit = f"\u202f{data['unite']}" if data["unite"] else ""
    bounds = f"e {french(data['min'])} à {french(data['max'])}{unit}"
    if node["form"] == "nombre":
        return f"D{bounds}."
    return f"Une valeur d{bounds} pour chaque abscisse ({data['axe']}) : {', '.join(data['abscisses'])}."


def measured(node: question) -> str:
    """Ce qui a été mesuré, en HTML."""
    data = node["scale"]
    if node["form"] == "nombre":
        return f'<p class="question-bonne">Valeur mesurée : {escape(data["texte"])}.</p>\n'
    rows = "".join(
        f'<tr><th scope="row">{escape(place)}</th><td>{escape(text)}</td></tr>\n'
        for place, text in zip(data["abscisses"], data["textes"], strict=True)
    )
    head = f'<tr><th scope="col">{escape(data["axe"])}</th><th scope="col">mesuré</th></tr>'
    return f'<table class="question-valeurs">\n<thead>{head}</thead>\n<tbody>\n{rows}</tbody>\n</table>\n'


# -- la page ---------------------------------------------------------------------------------


def visit_question(self, node: question) -> None:
    name, kind = node["ids"][0], node["kind"]
    data = {"form": node["form"], "page": node["page"], "version": node["version"]}
    data |= node.get("scale") or {"juste": node["right"]}
    shown = {key: "|".join(map(str, value)) if isinstance(value, list) else str(value) for key, value in data.items()}
    attributes = "".join(f' data-{key}="{escape(value)}"' for key, value in shown.items())
    self.body.append(
        f'<div class="exercice-rapide {kind}" id="{name}"{attributes}>\n<p class="question-titre">{label(node)}'
        f'<a class="headerlink" href="#{name}" title="{LINKS[kind]}">#</a></p>\n'
    )


def depart_question(self, node: question) -> None:
    self.body.append("</div>\n")


def visit_statement(self, node: statement) -> None:
    self.body.append('<div class="question-enonce">\n')


def depart_statement(self, node: statement) -> None:
    self.body.append("</div>\n")
    if node.parent["form"] != "choix":
        self.body.append(f'<p class="question-etendue">{escape(range_text(node.parent))}</p>\n')


def visit_choices(self, node: choices) -> None:
    self.body.append('<ol class="question-choix" type="a">\n')


def depart_choices(self, node: choices) -> None:
    self.body.append("</ol>\n")


def visit_choice(self, node: choice) -> None:
    self.body.append(f'<li data-choix="{node["letter"]}"><span>')


def depart_choice(self, node: choice) -> None:
    self.body.append("</span></li>\n")


def visit_replies(self, node: replies) -> None:
    form = node.parent["form"]
    self.body.append(f'<details class="question-reponses">\n<summary>{SEE[form]}</summary>\n')
    if form == "choix":
        self.body.append('<ol type="a">\n')


def depart_replies(self, node: replies) -> None:
    self.body.append("</ol>\n</details>\n" if node.parent["form"] == "choix" else "</details>\n")


def visit_reply(self, node: reply) -> None:
    if node["letter"]:
        mark = '<p class="question-bonne">✓ Bonne réponse.</p>\n' if node["right"] else ""
        self.body.append(f'<li>{mark}<div data-reponse="{node["letter"]}">\n')
    else:
        self.body.append(f'{measured(node.parent.parent)}<div data-reponse="">\n')


def depart_reply(self, node: reply) -> None:
    self.body.append("</div></li>\n" if node["letter"] else "</div>\n")


def skip(self, node: nodes.Node) -> None:
    raise nodes.SkipNode


# -- le papier -------------------------------------------------------------------------------

ANSWERS = r"""
\section*{Réponses aux questions}
\addcontentsline{toc}{section}{Réponses aux questions}
"""


class PrintQuestions(SphinxPostTransform):
    """Sur papier, la question à sa place, et les réponses à la fin du chapitre, chacune sous son numéro."""

    default_priority = 185  # après que l'on a choisi les pages, avant que l'on y ajoute le code replié
    formats = ("latex",)

    def run(self, **kwargs) -> None:
        for part in files(self.document):
            chapter = part.next_node(nodes.section)
            found = list(part.findall(question))
            if chapter is not None and found and pdf.selection.solutions != "non":
                chapter += [raw(ANSWERS), *(block for node in found for block in answers(node))]
        for node in list(self.document.findall(question)):
            node.replace_self(printed(node))


def printed(node: question) -> list[nodes.Node]:
    """Un bandeau, l'énoncé, les choix."""
    body = list(node.next_node(statement).children)
    options = node.next_node(choices)
    if options is not None:
        items = [nodes.list_item("", nodes.paragraph("", "", *each.children)) for each in options.children]
        body.append(lettered(items))
    else:
        body.append(nodes.paragraph("", range_text(node)))
    if node["form"] == "courbe":
        body.append(raw(empty_axes(node["scale"])))
    place = rf"\phantomsection\label{{\detokenize{{{node['page']}:{node['ids'][0]}}}}}"
    return [raw(f"\n{place}\n\\begin{{passage}}{{question}}{{{label(node)}}}\n"), *body, raw("\n\\end{passage}\n")]


def answers(node: question) -> list[nodes.Node]:
    """« Prédiction 1 (p. 34) : réponse b », et ce que l'on dit de chaque choix."""
    place = raw(rf"~(p.~\pageref{{\detokenize{{{node['page']}:{node['ids'][0]}}}}})")
    told = node.next_node(replies).children
    if node["form"] != "choix":
        title = nodes.paragraph("", "", nodes.strong("", label(node)), place, nodes.Text(f" : {node['right']}."))
        return [title, *told[0].deepcopy().children]
    title = nodes.paragraph("", "", nodes.strong("", label(node)), place, nodes.Text(f" : réponse {node['right']}."))
    return [raw("\\needspace{4\\baselineskip}\n"), title,
            lettered([nodes.list_item("", *each.deepcopy().children) for each in told])]


def empty_axes(data: dict) -> str:
    """Un quadrillage où dessiner la courbe, au crayon."""
    count, middle = len(data["abscisses"]), (data["min"] + data["max"]) / 2
    rows = [rf"\draw[gray!50, very thin] (0, 0) grid[xstep=1, ystep=0.75] ({count + 1}, 3);",
            rf"\draw (0, 3) -- (0, 0) -- ({count + 1}, 0);"]
    rows += [rf"\node[below, font=\footnotesize] at ({rank}, 0) {{{texescape.escape(place, 'lualatex')}}};"
             for rank, place in enumerate(data["abscisses"], 1)]
    rows += [rf"\node[left, font=\footnotesize] at (0, {height}) {{{french(value)}}};"
             for height, value in ((0, data["min"]), (1.5, middle), (3, data["max"]))]
    drawing = ["\\begin{tikzpicture}", *rows, "\\end{tikzpicture}"]
    return "\n\\par\\nobreak\\medskip\n{\\centering\n" + "\n".join(drawing) + "\n\\par}\n"


def lettered(items: list[nodes.list_item]) -> nodes.enumerated_list:
    return nodes.enumerated_list("", *items, enumtype="loweralpha", prefix="", suffix=".")


# -- la liste des enseignants ----------------------------------------------------------------


class QuestionList(SphinxDirective):
    """``{liste-questions}`` : toutes les prédictions et les questions du livre, par chapitre, avec leurs liens."""

    def run(self) -> list[nodes.Node]:
        return [question_list("")]


class FillList(SphinxPostTransform):
    default_priority = 1  # avant que les renvois des énoncés ne soient résolus, équations comprises

    def run(self, **kwargs) -> None:
        for place in list(self.document.findall(question_list)):
            registry = registered(self.env)
            order = self.env.toctree_includes.get(self.env.config.root_doc, [])
            pages = [self.env.config.root_doc, *order]
            blocks = [block for page in pages if registry.get(page) for block in self.page(page, registry[page])]
            place.replace_self(blocks or [nodes.paragraph("", "Aucune pour l'instant.")])

    def page(self, docname: str, entries: list[Entry]) -> list[nodes.Node]:
        number = ".".join(map(str, self.env.toc_secnumbers.get(docname, {}).get("", ())))
        title = self.env.titles[docname].deepcopy()
        link = self.link(docname, "", f"{number}. " if number else "", title)
        head = nodes.paragraph("", "", nodes.strong("", "", *link))
        items = [nodes.list_item("", self.line(docname, entry)) for entry in entries]
        return [raw("\\needspace{4\\baselineskip}\n"), head, nodes.bullet_list("", *items, bullet="-")]

    def line(self, docname: str, entry: Entry) -> nodes.paragraph:
        name = f"{LABELS[entry.kind]} {entry.number}"
        text = entry.statement.deepcopy()
        for reference in text.findall(addnodes.pending_xref):
            reference["refdoc"] = self.env.docname
        answer = f" (réponse {entry.answer})" if entry.answer in LETTERS else f" ({entry.answer})"
        return nodes.paragraph("", "", *self.link(docname, entry.name, name), nodes.Text(" : "), *text.children,
                               nodes.Text(answer))

    def link(self, docname: str, anchor: str, text: str, title: nodes.Element | None = None) -> list[nodes.Node]:
        address = self.app.builder.get_relative_uri(self.env.docname, docname) + (f"#{anchor}" if anchor else "")
        content = [nodes.Text(text), *(title.children if title is not None else [])]
        return [nodes.reference("", "", nodes.inline("", "", *content), refuri=address, internal=True)]


def registered(env) -> dict[str, list[Entry]]:
    if not hasattr(env, "book_questions"):
        env.book_questions = {}
    return env.book_questions


#: Markdown ne voit pas de directive dans une telle ligne : il en ferait du texte.
UNSEEN = re.compile(r"^`{3,}\{(?P<kind>prediction|question)\}.*`", re.MULTILINE)


def report_unseen(app, docname: str, content: list[str]) -> None:
    for found in UNSEEN.finditer(content[0]):
        line = content[0].count("\n", 0, found.start()) + 1
        advice = "un énoncé qui contient un accent grave s'ouvre et se ferme par « ::: », pas par « ``` »"
        LOGGER.warning("{%s} : %s", found["kind"], advice, location=(docname, line))


def detached(node: nodes.Element) -> nodes.Element:
    """Une copie qui ne retient pas le document d'où elle vient."""
    copied = node.deepcopy()
    for each in copied.findall():
        each.document = None
    return copied


def register(app, doctree: nodes.document) -> None:
    found = [
        Entry(node["ids"][0], node["kind"], node["number"], node["right"], detached(node[0][0]))
        for node in doctree.findall(question)
    ]
    if found:
        registered(app.env)[app.env.docname] = found


def forget(app, env, docname: str) -> None:
    registered(env).pop(docname, None)


def merge(app, env, docnames: list[str], other) -> None:
    registered(env).update({name: entries for name, entries in registered(other).items() if name in docnames})


def note_lists(app, doctree: nodes.document) -> None:
    app.env.metadata[app.env.docname].pop("liste-questions", None)
    if next(doctree.findall(question_list), None) is not None:
        app.env.metadata[app.env.docname]["liste-questions"] = "oui"
        app.env.get_domain("math").data["has_equations"][app.env.docname] = True  # celles des énoncés


def rewrite_lists(app, env) -> list[str]:
    """Les listes sont récrites quand une question a changé."""
    rows = [(page, *entry[:4], entry.statement.pformat()) for page, entries in sorted(registered(env).items())
            for entry in entries]
    seal = hashlib.sha256(repr(rows).encode()).hexdigest()
    changed, env.questions_seal = seal != getattr(env, "questions_seal", None), seal
    return [page for page in env.found_docs if changed and "liste-questions" in env.metadata.get(page, {})]


# -- le carnet -------------------------------------------------------------------------------

CELL = """\
# {instruction}, puis exécutez la cellule (Maj + Entrée).
from notebook_utils import check_answer

check_answer("", "{key}")"""


def notebook_statement(node: question, blocks) -> str:
    """L'énoncé et les choix, en Markdown ; ``blocks`` écrit le contenu d'un nœud."""
    told = blocks(node.next_node(statement))
    parts = [f"**{label(node)}.** {told}"]
    options = node.next_node(choices)
    if options is None:
        parts.append(range_text(node))
    else:
        parts.append("\n".join(f"- **{each['letter']}.** {blocks(each)}" for each in options.children))
    return "\n\n".join(parts)


def notebook_cell(node: question, blocks) -> str:
    """La cellule où répondre ; les réponses y sont codées : on ne les lit pas par mégarde."""
    told = {each["letter"]: blocks(each) for each in node.next_node(replies).children}
    if node["form"] != "choix":
        data = node["scale"]
        kept = ("axe", "abscisses", "valeurs", "textes") if node["form"] == "courbe" else ("valeur", "texte")
        content = {name: data[name] for name in ("tolerance", *kept)} | {"reponse": told[""]}
        if node["form"] == "courbe":
            count = len(data["valeurs"])
            instruction = f'Vos {count} valeurs, entre crochets et séparées par des virgules, à la place de ""'
        else:
            instruction = 'Votre prévision, un nombre, à la place de ""'
        return CELL.format(instruction=instruction, key=encode_answers(content))
    key = encode_answers({"juste": node["right"], "reponses": told})
    letters = [f'"{letter}"' for letter in told]
    choice_of = f"{', '.join(letters[:-1])} ou {letters[-1]}"
    return CELL.format(instruction=f'Votre réponse à la place de "" : {choice_of}', key=key)


def setup(app):
    app.add_node(question, html=(visit_question, depart_question), text=(skip, None))
    app.add_node(statement, html=(visit_statement, depart_statement))
    app.add_node(choices, html=(visit_choices, depart_choices))
    app.add_node(choice, html=(visit_choice, depart_choice))
    app.add_node(replies, html=(visit_replies, depart_replies))
    app.add_node(reply, html=(visit_reply, depart_reply))
    app.add_node(question_list)
    app.add_directive("prediction", Prediction)
    app.add_directive("question", Question)
    app.add_directive("liste-questions", QuestionList)
    app.add_post_transform(PrintQuestions)
    app.add_post_transform(FillList)
    app.connect("source-read", report_unseen)
    app.connect("doctree-read", register, priority=900)
    app.connect("doctree-read", note_lists)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("env-get-updated", rewrite_lists)
    app.add_js_file("questions.js")
    app.add_css_file("questions.css")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
