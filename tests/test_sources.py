"""Les sources du livre : structure des chapitres, étiquettes, citations, typographie française."""

from __future__ import annotations

import json
import re
import subprocess
import unicodedata

import mesurer
import proofs
import pytest
import yaml
from sources import BOOK, CHAPTERS, EXECUTED, PAGES, ROOT, cells, markdown, prose, text_of

ALL_TEXT = "\n".join(text_of(page) for page in PAGES)
LABELS = re.compile(r"^\s*:?name: (\S+)$|\$\$ \(([\w-]+)\)$|^\(([\w:-]+)\)=$", re.MULTILINE)
ids = {"ids": lambda page: page.stem}


def test_every_page_is_in_the_table_of_contents():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    listed = {toc["root"]} | {chapter["file"] for part in toc["parts"] for chapter in part["chapters"]}
    assert listed == {f"book/{page.stem}" for page in PAGES}


@pytest.mark.parametrize("page", PAGES, **ids)
def test_one_title_per_page(page):
    without_code = re.sub(r"^```.*?^```", "", text_of(page), flags=re.MULTILINE | re.DOTALL)
    assert len(re.findall(r"^# ", without_code, re.MULTILINE)) == 1


@pytest.mark.parametrize("page", CHAPTERS, **ids)
def test_chapter_pattern(page):
    """Objectifs, « À retenir », exercices et références, dans cet ordre."""
    text = text_of(page)
    marks = [":class: objectifs", ":class: retenir", "\n## Exercices\n", "\n## Références\n"]
    places = [text.find(mark) for mark in marks]
    assert -1 not in places and places == sorted(places)


@pytest.mark.parametrize("page", CHAPTERS, **ids)
def test_exercises_have_executed_solutions(page):
    text = text_of(page)
    exercises = re.findall(r"^`{3,}\{exercise\}[^\n]*\n:label: (exo-[\w-]+)$", text, re.MULTILINE)
    solutions = re.findall(r"^`{3,}\{solution-start\} (exo-[\w-]+)\n:class: dropdown$", text, re.MULTILINE)
    bodies = re.findall(r"\{solution-start\}.*?\{solution-end\}", text, re.DOTALL)
    assert 4 <= len(exercises) <= 6
    assert solutions == exercises
    assert all("{code-cell}" in body for body in bodies)


@pytest.mark.parametrize("page", EXECUTED, **ids)
def test_cells_are_short(page):
    """Vingt-cinq lignes pour une cellule que l'on lit ; repliée, elle peut réunir une figure et ses vérifications."""
    shown = {line for line, _ in visible(page)}
    too_long = [line for line, _, code in cells(page) if len(code.splitlines()) > (25 if line in shown else 45)]
    assert not too_long, f"cellules trop longues : {too_long}"


@pytest.mark.parametrize("page", EXECUTED, **ids)
def test_cells_do_not_end_with_a_semicolon(page):
    """nbval n'en tient pas compte : on finit par « ax = … », qui n'affiche rien non plus."""
    assert not [line for line, _, code in cells(page) if code.rstrip().endswith(";")]


@pytest.mark.parametrize("page", EXECUTED, **ids)
def test_plotted_figures_are_described(page):
    """Une cellule qui trace a un nom, une légende et un texte alternatif."""
    for line, header, code in cells(page):
        if re.search(r"\bplot_\w+\(|plt\.|\.subplots\(", code) and "solution" not in header:
            assert all(key in header for key in ("alt:", "caption:", "name:")), f"{page.name}:{line}"


@pytest.mark.parametrize("page", CHAPTERS, **ids)
def test_labels_follow_the_convention(page):
    names = LABELS.findall(markdown(page))
    labels = [label for group in names for label in group if label]
    wrong = [label for label in labels if not re.match(r"(chap|sec|eq|fig|tab|exo|pred|quiz)[-:]", label)]
    assert not wrong


@pytest.mark.parametrize("page", PAGES, **ids)
def test_exercises_are_called_from_their_own_page(page):
    """Le PDF ne sait pas mener à l'exercice d'un autre chapitre : on y renvoie par le chapitre."""
    called = set(re.findall(r"\{ref\}`(?:[^`<]*<)?(exo-[\w-]+)>?`", text_of(page)))
    assert called <= set(re.findall(r"^:label: (exo-[\w-]+)$", text_of(page), re.MULTILINE))


def test_labels_are_unique():
    labels = [label for page in PAGES for label in LABELS.findall(markdown(page))]
    flat = [label for group in labels for label in group if label]
    assert len(flat) == len(set(flat))


def test_numbered_figures_are_mentioned():
    """Chaque figure est appelée dans le texte par son numéro."""
    names = set(re.findall(r"^\s*:?name: (fig-[\w-]+)$", ALL_TEXT, re.MULTILINE))
    called = set(re.findall(r"\{numref\}`(?:[^`<]*<)?(fig-[\w-]+)>?`", ALL_TEXT))
    assert names - called - {"fig-notations-couleurs"} == set()


def test_cited_keys_exist_and_bibliography_has_no_orphan():
    keys = set(re.findall(r"^@\w+\{([^,]+),$", (ROOT / "references.bib").read_text("utf-8"), re.MULTILINE))
    cited = {key.strip() for group in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", ALL_TEXT) for key in group.split(",")}
    assert cited - keys == set(), "clés citées mais absentes de references.bib"
    assert keys - cited == set(), "entrées de references.bib jamais citées"


GLUED = re.compile(r"""glue_(?:text|number|range)\(\s*(f?)"([^"]+)\"""")


def glued_patterns(page) -> list[str]:
    """Les clés que colle une page ; un morceau calculé vaut n'importe quoi."""
    keys = GLUED.findall(text_of(page))
    return [re.sub(r"\\\{[^}]*\\\}", ".+", re.escape(key)) if f else re.escape(key) for f, key in keys]


def glued_elsewhere(key: str) -> bool:
    """Cette clé est-elle collée par la page dont le nom la commence ?"""
    pages = [page for page in EXECUTED if key.startswith(f"{page.stem}-")]
    return any(re.fullmatch(pattern, key) for page in pages for pattern in glued_patterns(page))


@pytest.mark.parametrize("page", EXECUTED, **ids)
def test_glued_values_are_computed_and_used(page):
    """Chaque valeur lue est calculée par la page, chaque valeur calculée est lue, et sa clé dit de quelle page."""
    text = text_of(page)
    used = set(re.findall(r"\{glue:text\}`([\w+-]+)`", text)) | set(re.findall(r"^:nombre: (\S+)$", text, re.MULTILINE))
    used |= {key for proof in re.findall(r"^:preuve: (.*)$", text, re.MULTILINE) for key in proofs.keys(proof)}
    found = glued_patterns(page)
    own = {key for key in used if key.startswith(f"{page.stem}-")}
    assert not [key for key in found if not key.startswith(re.escape(f"{page.stem}-"))]
    assert not [key for key in (used - own) | set(re.findall(r"\{mesure\}`([^`]+)`", text)) if not glued_elsewhere(key)]
    read = own | {key for other in EXECUTED for key in re.findall(r"\{mesure\}`([^`]+)`", text_of(other))}
    assert not [key for key in own if not any(re.fullmatch(pattern, key) for pattern in found)], "jamais calculées"
    assert not [pattern for pattern in found if not any(re.fullmatch(pattern, key) for key in read)], "jamais lues"
    assert not re.search(r"myst_nb|\bglue\(", text), "passez par glue_text, glue_number ou glue_range"


def visible(page) -> list[tuple[int, str]]:
    """Les cellules que le lecteur voit sans rien déplier : ligne et code."""
    return [(line, code) for line, header, code in cells(page) if not any(tag in header for tag in mesurer.HIDDEN)]


@pytest.mark.parametrize("page", EXECUTED, **ids)
def test_visible_code_fits_the_column(page):
    wide = [
        f"{page.name}:{line + rank}: {len(row)} signes : {row}"
        for line, code in visible(page)
        for rank, row in enumerate(code.splitlines(), start=1)
        if len(row) > 76
    ]
    assert not wide, "\n".join(wide)


@pytest.mark.parametrize("page", EXECUTED, **ids)
def test_visible_cells_hold_no_plumbing(page):
    assert not [f"{page.name}:{line}" for line, code in visible(page) if "glue_" in code]


def stored_results(page) -> list[dict]:
    """Ce que chaque cellule de la page a produit, selon ses résultats de référence."""
    return json.loads((ROOT / "tests" / "references" / f"{page.stem}.json").read_text("utf-8"))


@pytest.mark.parametrize("page", EXECUTED, **ids)
def test_outputs_fit_the_column(page):
    """Une ligne imprimée trop longue ferait défiler la sortie, et serait coupée sur le papier."""
    wide = [
        f"{page.name}:{line}: {len(row)} signes : {row}"
        for (line, _, _), result in zip(cells(page), stored_results(page), strict=True)
        for output in result["resultats"]
        for row in output.get("text", "").splitlines()
        if len(row) > 79
    ]
    assert not wide, "\n".join(wide)


@pytest.mark.parametrize("page", EXECUTED, **ids)
def test_visible_checks_show_something(page):
    """Une cellule visible qui vérifie dit aussi ce qu'elle a trouvé ; une pure vérification est repliée."""
    stored = stored_results(page)
    shown = {line for line, _ in visible(page)}
    every = cells(page)
    assert len(stored) == len(every)
    mute = [
        f"{page.name}:{line}"
        for (line, _, code), result in zip(every, stored, strict=True)
        if line in shown and re.search(r"^\s*assert\b", code, re.MULTILINE) and not result["resultats"]
    ]
    assert not mute


SEEDS = re.compile(
    r"manual_seed\(|default_rng\(|RandomState|np\.random|numpy\.random|\brandom\.|import random|random_state="
)


@pytest.mark.parametrize("page", EXECUTED, **ids)
def test_seeds_come_from_one_place(page):
    """Tout hasard sort de ``seeded``, que ``make graines`` décale ; sauf une faute montrée comme telle."""
    rows = [
        f"{page.name}:{line + rank}: {row.strip()}"
        for line, _, code in cells(page)
        for rank, row in enumerate(code.splitlines(), start=1)
        if SEEDS.search(row) and "# la faute" not in row
    ]
    assert not rows, "\n".join(rows)


LOW_MEDIAN = re.compile(r"torch\.median\(|(?<!\bnp)(?<!\bstatistics)(?<!\bnumpy)\.median\(|median_low|median_high")


@pytest.mark.parametrize("path", [*EXECUTED, *sorted((ROOT / "notebook_utils").rglob("*.py"))], **ids)
def test_medians_are_interpolated(path):
    """``torch.median`` prend la plus basse des deux mesures du milieu : une seule sorte de médiane dans le livre."""
    assert not LOW_MEDIAN.search(text_of(path))


GRADED = re.compile(r"(?:Calcul|Preuve|Code|Modification|Expérience) \((★{1,3}), \d+ min\) : \S")


@pytest.mark.parametrize("page", CHAPTERS, **ids)
def test_exercises_are_graded(page):
    """Nature, difficulté, durée ; un indice pour les plus difficiles."""
    found = re.findall(r"^(`{3,})\{exercise\} ([^\n]*)\n(.*?)^\1$", text_of(page), re.MULTILINE | re.DOTALL)
    grades = {title: GRADED.match(title) for _, title, _ in found}
    assert not [title for title, grade in grades.items() if not grade]
    assert not [title for _, title, body in found if "★★★" in title and "{indice}" not in body]


@pytest.mark.parametrize("page", CHAPTERS, **ids)
def test_a_chapter_reads_in_forty_five_minutes(page):
    row = mesurer.measures(page)
    assert row["mots"] <= 2_800 and row["minutes"] <= 50, row


def test_glossary_terms_used_exist():
    glossary = text_of(BOOK / "glossaire.md")
    defined = {row.strip() for row in re.findall(r"^(\w[^\n(:]*)\n  \(", glossary, re.MULTILINE)}
    used = {(target or label).strip() for label, target in re.findall(r"\{term\}`([^`<]+)(?:<([^>]+)>)?`", ALL_TEXT)}
    assert used - defined == set()


def test_glossary_is_in_alphabetical_order():
    def plain(term):  # sans accents ni majuscules, comme dans un dictionnaire
        letters = unicodedata.normalize("NFD", term.lower())
        return "".join(letter for letter in letters if not unicodedata.combining(letter))

    terms = re.findall(r"^(\w[^\n(:]*)\n  \(", text_of(BOOK / "glossaire.md"), re.MULTILINE)
    assert len(terms) > 40 and terms == sorted(terms, key=plain)


FORBIDDEN = {
    r"\bà venir\b": "page inachevée",
    r"\bTODO\b|\bFIXME\b|\bXXX\b": "note de travail",
    r"\bskip[- ]connections?\b": "anglicisme",
    r"\.\.\.": "trois points au lieu de « … »",
    r'"': "guillemets droits",
    r"[“”]": "guillemets anglais",
    r"«\S|\S»": "guillemets sans espace",
    r"[^\s\d:X/][;!?](?:\s|$)": "ponctuation double sans espace",
    r"\w:(?:\s|$)": "deux-points sans espace",
    r" ,| \.(?:\s|$)": "espace avant une virgule ou un point",
    r"\d\.\d": "point décimal",
    r"\b[Oo]eu|\bc[oe]eur\b": "ligature oubliée",
    r"\b(?:E|A)(?:tat|tats|quation|quations|crêt\w+) ": "capitale sans accent",
}


@pytest.mark.parametrize("page", PAGES, **ids)
def test_french_typography(page):
    faults = []
    for number, row in prose(page):
        for pattern, why in FORBIDDEN.items():
            if re.search(pattern, row.replace("CC BY-SA 4.0", "CC BY-SA")):
                faults.append(f"{page.name}:{number}: {why} : {row[:90]}")
    assert not faults, "\n".join(faults)


# Ce que Grammalecte signale à tort dans un texte à formules, ou que FORBIDDEN vérifie déjà.
ALLOWED = (
    "paramètres égal",
    "coordonnée par coordonnée",
    "« écrite »",
    "« gardée »",
    "« additionnée »",
    "longue mémoire",
    "Ce que transmettent",
    "de la mémoire ouvertes",
    "31 février",  # des dates que la page donne pour fausses
    "31 avril",
    "31 septembre",
    "mardi 1 mars 1987",
)
IGNORED_RULES = re.compile(r"^(typo_|esp_|nbsp|unit_|num_|maj|liga_|apos_|p_|redondances_|virgule)")


def paragraphs(page) -> list[tuple[int, str]]:
    """Texte courant par paragraphes : les lignes consécutives n'en font qu'une."""
    groups: list[tuple[int, str]] = []
    last = -1
    for number, row in prose(page):
        if number == last + 1 and groups and not row.startswith("("):
            groups[-1] = (groups[-1][0], f"{groups[-1][1]} {row}")
        else:
            groups.append((number, row))
        last = number
    return groups


@pytest.mark.parametrize("page", PAGES, **ids)
def test_a_reference_names_its_exercise_once(page):
    """« l'exercice {ref}`exo-…` » s'afficherait « l'exercice Exercice 3 » : le renvoi dit déjà le mot."""
    assert not re.search(r"(?i)\bexercices? \{(?:ref|numref)\}`exo-", text_of(page))


@pytest.mark.parametrize("page", PAGES, **ids)
def test_grammar(page, tmp_path):
    """Grammalecte ne trouve pas de faute d'accord ou de conjugaison."""
    texts = [(number, text.replace("'", "’")) for number, text in paragraphs(page)]
    source = tmp_path / "texte.txt"
    source.write_text("\n".join(text for _, text in texts), encoding="utf-8")
    command = ["grammalecte-cli", "-f", str(source), "-j", "-owe"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    faults = []
    for report in json.loads(result.stdout)["data"]:
        number, text = texts[report["iParagraph"] - 1]
        for error in report["lGrammarErrors"]:
            excerpt = window(text, error, 30)
            is_noise = IGNORED_RULES.match(error["sRuleId"]) or re.search(r"\bX\b", window(text, error, 0))
            if not is_noise and not any(phrase in excerpt for phrase in ALLOWED):
                faults.append(f"{page.name}:{number}: {error['sMessage']} [{error['sRuleId']}] « {excerpt} »")
    assert not faults, "\n".join(faults)


def window(text: str, error: dict, margin: int) -> str:
    return text[max(0, error["nStart"] - margin) : error["nEnd"] + margin]
