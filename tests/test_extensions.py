"""Les extensions Sphinx locales, une par une."""

from __future__ import annotations

import re
import shutil
import subprocess

import drawings
import formulas
import mathjax_local
import names
import patches
import pytest
import search_sections
from docutils import nodes
from french import MESSAGES, FrenchMessages, FrenchSearch, with_french_spaces, without_accents
from inline_svg import inline, unknown_colours, with_prefix, with_variables
from palette_css import stylesheet
from source_code import without_docstrings
from sources import ROOT
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import docutils_namespace, patch_docutils

from notebook_utils.plotting import PALETTE


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("vrai ? oui !", "vrai\u202f? oui\u202f!"),
        ("un ; deux", "un\u202f; deux"),
        ("ainsi : voici", "ainsi\u00a0: voici"),
        ("« mot »", "«\u202fmot\u202f»"),
        ("50 %", "50\u202f%"),
        (" % des graines", "\u202f% des graines"),
        ("20 000 et 1 234 567, mais 1997 100", "20\u202f000 et 1\u202f234\u202f567, mais 1997 100"),
        ("l'état", "l’état"),
        ("x -- l'entrée", "x – l’entrée"),
        ("x:y, 12:30", "x:y, 12:30"),
    ],
)
def test_french_spaces(typed, printed):
    assert with_french_spaces(typed) == printed
    assert with_french_spaces(printed) == printed


def test_accents_are_folded_alike_in_index_and_query():
    search = FrenchSearch({})
    assert without_accents("Récurrents élèves ça") == "Recurrents eleves ca"
    assert search.stem("récurrent") == search.stem("recurrents")


def test_messages_of_the_book_come_first():
    class Other:
        def gettext(self, message):
            return f"autre {message}"

    messages = FrenchMessages(Other())
    assert messages.gettext("Open issue") == MESSAGES["Open issue"]
    assert messages.gettext("inconnu") == "autre inconnu"


SVG = (
    '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="100pt" height="50pt" version="1.1">'
    '<defs><clipPath id="c"><path d="M 0 0"/></clipPath></defs>'
    f'<path style="fill:{PALETTE["input"].light};stroke:#123456" clip-path="url(#c)"/><use xlink:href="#g"/></svg>'
)


def test_palette_colours_become_variables():
    assert "fill:var(--role-input)" in with_variables(SVG)
    assert unknown_colours(SVG) == {"#123456"}


def test_identifiers_are_prefixed():
    result = with_prefix(SVG, "fig-a")
    assert 'id="fig-a-c"' in result and "url(#fig-a-c)" in result and 'href="#fig-a-g"' in result


def test_inline_svg_is_described():
    result = inline(SVG, "fig-a", 'Un "dessin" <simple>')
    assert 'role="img"' in result and 'aria-label="Un &quot;dessin&quot; &lt;simple&gt;"' in result
    assert 'width="133"' in result and "<?xml" not in result


def test_stylesheet_has_every_role_in_both_themes():
    light, dark = stylesheet().split("html[data-theme=dark]")
    for role, shade in PALETTE.items():
        variable = f"--role-{role.replace('_', '-')}:"
        assert variable in light
        assert role == "paper" or f"{variable} {shade.dark}" in dark


def test_docstrings_are_removed_from_shown_code():
    source = 'def f(x):\n    """Double."""\n    return 2 * x\n'
    assert without_docstrings(source) == "def f(x):\n    return 2 * x\n"
    assert without_docstrings("def f(x):\n    return x\n") == "def f(x):\n    return x\n"
    methods = 'class A:\n    """Une\n    classe."""\n\n    def f(self):\n        """Doc."""\n        return 1\n'
    assert without_docstrings(methods) == "class A:\n\n    def f(self):\n        return 1\n"


def test_indentation_and_blank_lines_do_not_change_a_drawing():
    assert drawings.fingerprint("  \\node {a};\n\n") == drawings.fingerprint("\\node {a};")
    assert drawings.fingerprint("\\node {a};") != drawings.fingerprint("\\node {b};")


def test_preamble_and_palette_change_the_fingerprint(monkeypatch):
    before = drawings.fingerprint("\\node {a};")
    monkeypatch.setattr(drawings, "preamble", lambda: "autre")
    assert drawings.fingerprint("\\node {a};") != before


def test_no_kept_drawing_is_stale():
    stale = [f"{item.path.name}:{item.line}: {item.name}" for item in drawings.all_drawings() if item.is_stale]
    assert not stale, "« make dessins » : " + ", ".join(stale)


def test_every_drawing_is_read_with_its_line():
    found = drawings.all_drawings()
    for item in found:
        assert item.path.read_text("utf-8").splitlines()[item.line - 1].lstrip().startswith(":::{tikz}")
    assert len(found) == sum(page.read_text("utf-8").count(":::{tikz}") for page in drawings.BOOK.glob("*.md"))


def test_no_orphan_svg():
    assert {path.stem for path in drawings.DRAWINGS.glob("*.svg")} == {item.name for item in drawings.all_drawings()}


@pytest.mark.skipif(shutil.which("lualatex") is None, reason="TeX absent")
@pytest.mark.parametrize(
    ("code", "message"),
    [(r"\node[draw {a};", "dessin « fig-x »"), (r"\node[fill=red] {a};", "couleurs hors palette : #ff0000")],
)
def test_a_faulty_drawing_names_its_file_and_line(code, message, tmp_path, monkeypatch):
    import dessins

    monkeypatch.setattr(dessins, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(f"texte\n\n:::{{tikz}} Légende.\n:name: fig-x\n:alt: Rien.\n{code}\n:::\n", encoding="utf-8")
    (drawing,) = drawings.read_drawings(page)
    error = dessins.render(drawing)
    assert error.startswith("page.md:3: ") and message in error
    assert not drawing.svg.exists()


def test_a_drawing_to_render_without_tex_is_a_clear_message(monkeypatch, capsys, tmp_path):
    import dessins

    drawing = drawings.Drawing("fig-x", r"\node {a};", dessins.ROOT / "book" / "rnn.md", 12)
    monkeypatch.setattr(drawings, "all_drawings", lambda: [drawing])
    shutil.copy(drawings.DRAWINGS / "preambule.tex", tmp_path)
    monkeypatch.setattr(drawings, "DRAWINGS", tmp_path)
    monkeypatch.setattr(dessins.shutil, "which", lambda tool: None)
    assert dessins.main([]) == 1
    printed = capsys.readouterr().out
    assert "book/rnn.md:12" in printed and "make installer-tex" in printed


def test_installer_tells_the_exact_command(tmp_path):
    """Sans droit d'installer, le script affiche la commande à taper et échoue."""
    if shutil.which("dpkg-query") is None:
        pytest.skip("système sans paquets Debian")
    script = (drawings.BOOK.parent / "scripts" / "installer.sh").read_text("utf-8")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "installer.sh").write_text(re.sub(r'\[ "\$\(id -u\)" = 0 \]', "false", script))
    (tmp_path / "scripts" / "paquets-x.txt").write_text("paquet-qui-n-existe-pas\n")
    (tmp_path / "sudo").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "sudo").chmod(0o755)
    result = subprocess.run(
        ["bash", tmp_path / "scripts" / "installer.sh", "systeme", "x"],
        capture_output=True,
        text=True,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
    )
    assert result.returncode == 1
    assert "apt-get install -y --no-install-recommends paquet-qui-n-existe-pas" in result.stderr


CELLS = [
    (False, "import math\nfrom functools import partial\n\ndef half(x):\n    return x / TWO"),
    (False, "TWO = 2\nunused = 3"),
    (False, "def drawn(ax):\n    return ax"),
    (True, "y = half(4)\nprint(math.pi, y, [k for k in range(3)])"),
    (False, "half = round"),
    (True, "print(half(2), later())\ndef later():\n    return after"),
    (False, "after = 1"),
]


def test_the_code_that_printed_cells_need_is_found():
    """Directement, par une autre cellule repliée, ou redéfini en chemin ; le reste n'est pas imprimé."""
    assert names.needed(CELLS) == [0, 1, 4, 6]
    assert names.needed([(False, "%matplotlib inline"), (True, "print(1)")]) == []


def test_names_are_those_of_the_cell_itself():
    code = "import a.b, c as d\nfor i, j in e: k = i\ndef f(x):\n    y = x\nwith g() as h: pass\n(m := 1)"
    assert names.defined(code) == {"a", "d", "i", "j", "k", "f", "h", "m"}
    assert names.used("print(a.b(c)[d] + len(e))") == {"a", "c", "d", "e"}


@pytest.mark.parametrize(
    ("tex", "message"),
    [
        (r"\alfa + 1", "macro « \\alfa » inconnue"),
        (r"\mathds{1}", "macro « \\mathds » inconnue"),
        (r"\cancel{x}", "macro « \\cancel » inconnue"),
        (r"\frac{a}", "« \\frac » sans argument"),
        (r"{\hat}", "« \\hat » sans argument"),
        ("x^", "« ^ » sans argument"),
        ("{a", "« } » manque à la fin"),
        ("a}", "« } » inattendu"),
        (r"\left( a", "manque à la fin"),
        (r"a \right)", "« \\right » inattendu"),
        (r"\left( {a \right)}", "« \\right » inattendu"),
        (r"\left{a\right}", "sans délimiteur"),
        (r"\begin{cases} a", "manque à la fin"),
        (r"\begin{cases} a \end{pmatrix}", "fermé par « \\end{pmatrix} »"),
        (r"\begin{tableau} a \end{tableau}", "environnement « tableau » inconnu"),
        (r"x \begin{align} a \end{align}", "ne va pas dans une autre formule"),
        ("a & b", "« & » hors d'un tableau"),
        ("a^b^c", "deux « ^ » de suite"),
        ("a_b_c", "deux « _ » de suite"),
        ("a^2'", "un prime après un exposant"),
        ("5 % de x", "écrivez « \\% »"),
        ("x_#", "écrivez « \\# »"),
        ("écart = 1", "« é » hors de"),
        (r"\sqrt[3", "« ] » manque"),
    ],
)
def test_an_unreadable_formula_is_explained(tex, message):
    assert message in formulas.fault(tex)


@pytest.mark.parametrize(
    "tex",
    [
        r"\boldsymbol{h}_t^\top = \tanh(\boldsymbol{a}_t)",
        r"\left.\frac{\partial a}{\partial b}\right|_{t=0}^{T}",
        r"\left\{ a \middle| b \right\}",
        r"\begin{cases} 1 & \text{si l'écart dépasse 5 % de } x \\ 0 & \text{sinon} \end{cases}",
        r"a &= b \\ c &= d",
        r"\begin{align} a &= b \end{align}",
        r"\begin{array}{cc} a & b \end{array}",
        r"f'^2 + \operatorname*{arg\,max}_x \sqrt[3]{x} + 0{,}5\,\%",
    ],
)
def test_a_readable_formula_passes(tex):
    assert formulas.fault(tex) is None


def test_latex_knows_every_accepted_macro(pdf, tmp_path):
    """Avec le préambule du livre : une macro inconnue ne se verrait qu'à la composition du PDF."""
    source = next((ROOT / "_build" / "travail").rglob("reseaux-recurrents.tex"))
    for style in [*source.parent.glob("*.sty"), *source.parent.glob("*.cls")]:
        shutil.copy(style, tmp_path)
    preamble = source.read_text("utf-8").partition(r"\begin{document}")[0]
    trials = "\n".join(rf"\ifdefined\{name}\else\typeout{{inconnue : {name}}}\fi" for name in sorted(formulas.MACROS))
    document = f"{preamble}\n\\begin{{document}}\n{trials}\n\\end{{document}}\n"
    (tmp_path / "essai.tex").write_text(document, encoding="utf-8")
    command = ["lualatex", "-interaction=nonstopmode", "essai.tex"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert "(essai.aux)" in result.stdout or "(./essai.aux" in result.stdout, result.stdout[-2000:]
    assert not re.findall(r"^inconnue : .*$", result.stdout, re.MULTILINE)


def small_build(folder, text: str) -> list[str]:
    """Construit une page minuscule et rend les avertissements."""
    (folder / "index.md").write_text(text, encoding="utf-8")
    warnings = (folder / "avertissements").open("w+", encoding="utf-8")
    settings = {"extensions": ["myst_parser", "formulas"], "myst_enable_extensions": ["dollarmath"]}
    settings |= {"source_suffix": {".md": "markdown"}}
    with patch_docutils(), docutils_namespace():
        Sphinx(folder, None, folder / "html", folder / "tree", "html", settings, status=None, warning=warnings).build()
    warnings.seek(0)
    return warnings.read().splitlines()


def test_an_unreadable_formula_is_located(tmp_path):
    page = "# Titre\n\nUne formule $x$,\npuis une autre,\n$\\alfa$.\n\n$$\n\\frac{a}\n$$\n\n> $\\tanh(x)$\n"
    found = [row for row in small_build(tmp_path, page) if "formule illisible" in row]
    assert len(found) == 2
    assert "index.md:5: " in found[0] and "\\alfa" in found[0]
    assert re.search(r"index\.md:[78]: ", found[1]) and "\\frac" in found[1]


BUTTON = patches.Patch("nom du bouton", "mon-bouton", 'title="Open"', 'title="Ouvrir"')


def test_a_patch_is_applied_where_it_belongs():
    patcher = patches.Patcher([BUTTON])
    assert patcher.apply('<b class="mon-bouton" title="Open">', "un") == '<b class="mon-bouton" title="Ouvrir">'
    assert patcher.apply("<p>rien</p>", "deux") == "<p>rien</p>"
    patcher.check({"un", "deux"})


def test_a_patch_that_no_longer_matches_is_named():
    patcher = patches.Patcher([BUTTON])
    patcher.apply('<b class="mon-bouton" title="Open it">', "un")
    with pytest.raises(ExtensionError, match=r"nom du bouton.*page un"):
        patcher.check({"un", "deux"})


def test_a_patch_that_matches_no_page_is_named():
    patcher = patches.Patcher([BUTTON])
    patcher.apply("<p>rien</p>", "un")
    patcher.check({"un", "deux"})  # deux n'a pas été rendue : elle porte peut-être le bouton
    patcher.apply("<p>rien</p>", "deux")
    with pytest.raises(ExtensionError, match="nom du bouton"):
        patcher.check({"un", "deux"})


def test_a_script_that_changed_is_named(tmp_path):
    (name,) = patches.SCRIPT_PATCHES
    (tmp_path / name).write_text("autre chose", encoding="utf-8")
    with pytest.raises(ExtensionError, match=name):
        patches.patch_scripts(tmp_path)
    (tmp_path / name).write_text(f"<{patches.SCRIPT_PATCHES[name].before}>", encoding="utf-8")
    patches.patch_scripts(tmp_path)
    patches.patch_scripts(tmp_path)  # une construction de plus ne change plus rien
    assert (tmp_path / name).read_text("utf-8") == f"<{patches.SCRIPT_PATCHES[name].after}>"


def test_mathjax_has_what_its_menu_may_ask_for():
    needed = {"a11y/explorer.js", "a11y/sre.js", "a11y/complexity.js", "output/chtml.js", "input/mml.js"}
    needed |= {f"sre/mathmaps/{language}.json" for language in ("base", "fr", "en", "nemeth")}
    assert needed | {mathjax_local.SCRIPT} <= set(mathjax_local.sources())


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        ("z_t", "z_t"),
        (r"\sigma(W_{hh} \odot h_{t-1})", "σ(W_hh ⊙ h_t-1)"),
        (r"0{,}5\,\%", "0,5 %"),
        (r"\frac{a}{b}", "…"),
        (r"\begin{pmatrix} 1 & 0 \end{pmatrix}", "…"),
    ],
)
def test_formulas_are_readable_in_excerpts(tex, text):
    assert search_sections.plain_math(tex) == text


def test_every_section_term_and_object_is_an_entry():
    inner = nodes.section("", nodes.title("", "Détail"), nodes.paragraph("", "Le texte."), ids=["detail"])
    term = nodes.definition_list_item(
        "", nodes.term("", "porte d’oubli", ids=["porte"]), nodes.definition("", nodes.paragraph("", "Un filtre."))
    )
    signature = addnodes.desc_signature("", "LSTM(d, h)", ids=["paquet.LSTM"], fullname="LSTM")
    thing = addnodes.desc("", signature, addnodes.desc_content("", nodes.paragraph("", "Une couche.")))
    formula = nodes.paragraph("", "", nodes.Text("Avec "), nodes.math("", "z_t"), nodes.raw("", "<b>", format="html"))
    page = nodes.section("", nodes.title("", "Chapitre"), formula, inner, term, thing, ids=["chapitre"])
    assert search_sections.collect(page, {"": (5,), "#detail": (5, 1)}) == [
        ["", "5. Chapitre", "Avec z_t"],
        ["detail", "5.1. Détail", "Le texte."],
        ["porte", "porte d’oubli", "Un filtre."],
        ["paquet.LSTM", "LSTM", "LSTM(d, h) Une couche."],
    ]
