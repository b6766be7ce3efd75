r"""De petits programmes Python, et ce qu'ils impriment.

Écarts au protocole de :mod:`notebook_utils.tasks.task` : les entrées sont des codes, et non des vecteurs *one-hot* ;
il y a trois ensembles, comme pour les chiffres manuscrits : ``"train"``, l'apprentissage, ``"choice"``,
qui sert à choisir les réglages, et ``"test"`` ; un programme y entre selon une empreinte de son calcul,
et le tirage rejette ceux des autres ensembles.

La vérité est ce qu'imprime Python (:func:`run_program`). Les lots, eux, sont tirés par milliers : leurs réponses
sont calculées sur des tableaux, et les tests les comparent à celles de Python.
"""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from .._checks import check_choice, check_integer, check_iterable, check_text, described
from .._tensor_checks import check_generator
from .task import Batch
from .texts import decode_texts, encode_texts, marked_vocabulary

__all__ = ["LEVELS", "Programs", "run_program"]

#: Ce que contient chaque niveau.
LEVELS = {
    1: "affectation",
    2: "somme ou différence",
    3: "expression conditionnelle",
    4: "boucle",
    5: "boucle et condition",
}

_SPLITS = {"train": range(2, 8), "choice": range(1, 2), "test": range(0, 1), "all": range(0, 8)}
_NAMES = "abcdefghijklmnopqrstuvwyz"  # x est la variable des boucles
# Un mot de Python est un seul symbole, écrit ici par une capitale ; les espaces n'en sont pas.
_WORDS = {"P": "print", "F": "for ", "N": " in ", "R": "range", "I": " if ", "E": " else "}
_SYMBOLS = "0123456789" + _NAMES + "x=+-<:()\n" + "".join(_WORDS)
_ANSWERS = "-0123456789"
_BLOCK = 2**13  # programmes que ``batches`` tire d'un coup


class _Form(NamedTuple):
    """Un modèle de programme : ``V`` est un nom, les autres capitales des nombres (``_LIMITS``)."""

    level: int
    text: str
    value: object  # la réponse, d'après un dictionnaire de tableaux


# Dans un modèle, les mots de Python sont entre accents graves : leurs capitales ne sont pas des cases.
_FORMS = [
    _Form(1, "V=L\n`P`(V)", lambda n: n["L"]),
    _Form(2, "`P`(A+B)", lambda n: n["A"] + n["B"]),
    _Form(2, "`P`(A-B)", lambda n: n["A"] - n["B"]),
    _Form(3, "V=A\n`P`((V+B)`I`C<D`E`E)", lambda n: np.where(n["C"] < n["D"], n["A"] + n["B"], n["E"])),
    _Form(3, "V=A\n`P`((V-B)`I`C<D`E`E)", lambda n: np.where(n["C"] < n["D"], n["A"] - n["B"], n["E"])),
    _Form(4, "V=A\n`F`x`N``R`(K):V+=B\n`P`(V)", lambda n: n["A"] + n["K"] * n["B"]),
    _Form(4, "V=A\n`F`x`N``R`(K):V-=B\n`P`(V)", lambda n: n["A"] - n["K"] * n["B"]),
    _Form(5, "V=A\n`F`x`N``R`(K):V+=(B`I`x<J`E`C)\n`P`(V)", lambda n: n["A"] + _twice(n)),
    _Form(5, "V=A\n`F`x`N``R`(K):V-=(B`I`x<J`E`C)\n`P`(V)", lambda n: n["A"] - _twice(n)),
]
# Les bornes des nombres d'un modèle, intervalles semi-ouverts, et des noms.
_LIMITS = {**dict.fromkeys("ABCDE", (10, 100)), "L": (1_000, 10_000), "K": (2, 10), "J": (1, 9)}
_WIDTHS = {1: 5, 2: 4, 3: 4, 4: 5, 5: 5}  # le plus long texte de réponse, marque comprise


def _twice(n):
    """Ce qu'ajoute une boucle de K tours : B tant que x < J, C ensuite."""
    first = np.minimum(n["J"], n["K"])
    return first * n["B"] + (n["K"] - first) * n["C"]


def run_program(text):
    r"""Exécute un petit programme, et rend ce que Python imprime.

    C'est Python qui l'exécute. Auparavant, l'arbre syntaxique est relu, et tout ce qui n'est pas du petit langage
    est refusé : des entiers, des noms, ``+`` et ``-``, ``<``, ``… if … else …``,
    ``for … in range(…)`` d'au plus 999 tours et sans boucle intérieure, et ``print``.

    Args:
        text: le programme, lignes séparées par ``\n`` ou par ``;``.

    Returns:
        Ce qui est imprimé, une ligne par ``print``, sans le dernier saut de ligne.

    Raises:
        TypeError: si ``text`` n'est pas une chaîne.
        ValueError: si ce n'est pas du Python, si le programme sort du petit langage, lit un nom sans valeur,
            ou n'imprime rien.

    References:
        Zaremba et Sutskever, *Learning to Execute*, 2014, d'où viennent ces deux exemples.

    Example:
        >>> run_program("j=8584\nfor x in range(8): j+=920\nb=(1500+j)\nprint((b+7567))")
        '25011'
        >>> run_program("i=8827; c=(i-5347); print((c+8704) if 2641<8500 else 5308)")
        '12184'
    """
    check_text("text", text)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"text : reçu {text!r:.60}, attendu un programme Python") from error
    _check_tree(tree)
    printed = []
    names = {"__builtins__": {}, "range": range, "print": lambda value: printed.append(str(value))}
    try:
        exec(compile(tree, "<programme>", "exec"), names)  # le petit langage, relu à l'instant
    except NameError as error:
        raise ValueError(f"text : reçu le nom {error.name!r} sans valeur, attendu une affectation avant lui") from error
    if not printed:
        raise ValueError(f"text : reçu {text!r:.60}, attendu un programme qui imprime")
    return "\n".join(printed)


_PLAIN = (
    ast.Module, ast.Expr, ast.Assign, ast.AugAssign, ast.BinOp, ast.IfExp, ast.Load, ast.Store,
    ast.Add, ast.Sub, ast.Lt, ast.UnaryOp, ast.USub,
)  # fmt: skip


def _check_tree(tree):
    """Refuse ce qui n'est pas du petit langage : ``print`` est une ligne, ``range`` le compte d'une boucle."""
    nodes = list(ast.walk(tree))
    places = {id(node.value): "print" for node in nodes if isinstance(node, ast.Expr)}
    places |= {id(node.iter): "range" for node in nodes if isinstance(node, ast.For)}
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        if isinstance(node, ast.Name):
            allowed = id(node) in called or not (node.id.startswith("_") or node.id in ("print", "range"))
        elif isinstance(node, ast.Constant):
            allowed = type(node.value) is int
        elif isinstance(node, ast.Compare):
            allowed = len(node.ops) == 1
        elif isinstance(node, ast.Call):
            known = getattr(node.func, "id", "") == places.get(id(node), "-")
            allowed = known and len(node.args) == 1 and not node.keywords
        elif isinstance(node, ast.For):
            allowed = _is_short(node)
        else:
            allowed = isinstance(node, _PLAIN)
        if not allowed:
            raise ValueError(f"text : reçu {ast.unparse(node)!r:.60}, attendu le petit langage que dit run_program")


def _is_short(loop):
    """Une boucle d'au plus 999 tours, connus d'avance, sans boucle intérieure ni ``else``."""
    turns = loop.iter.args[0] if isinstance(loop.iter, ast.Call) and loop.iter.args else None
    known = isinstance(turns, ast.Constant) and type(turns.value) is int and turns.value < 1_000
    inner = any(isinstance(node, ast.For) for statement in loop.body for node in ast.walk(statement))
    return known and not inner and not loop.orelse


@dataclass(frozen=True)
class Programs:
    r"""Un petit programme, et ce qu'il imprime.

    .. math::

        x_1, \dots, x_S \;\longmapsto\; y_1 \dots y_n = \text{ce qu'imprime le programme } x

    Entrées : les codes du programme, ``(B, S)``, complétés par des marques **après** lui.
    Un mot de Python (``print``, ``for``, ``in``, ``range``, ``if``, ``else``) est un seul symbole,
    tout autre caractère en est un, et les espaces n'en sont pas.
    Cibles : les codes de la réponse, ``(B, T)``, avec un autre vocabulaire, de douze codes : la marque, ``-``,
    et les dix chiffres. Avec ``backwards``, la réponse est écrite à l'envers, de l'unité vers le signe.

    Les niveaux, avec des nombres de deux chiffres, de 10 à 99 (de quatre au niveau 1) :
    1, une affectation ; 2, la somme ou la différence de deux nombres ;
    3, une expression conditionnelle ; 4, une boucle de 2 à 9 tours, de pas constant ;
    5, une boucle dont le pas dépend du tour. Un tirage choisit d'abord le niveau, tous aussi probables.

    **Les ensembles.** L'empreinte d'un programme, un entier de 0 à 7, ne dépend ni des noms de ses variables,
    ni de l'ordre de ses nombres : elle mêle ce qui reste quand on les efface, et l'ensemble des nombres.
    0 appartient au test, 1 au choix, les autres à l'apprentissage.
    Renommer une variable, ou échanger les deux termes d'une somme, ne fait donc pas changer d'ensemble.

    Écarts à Zaremba et Sutskever : des niveaux séparés au lieu de programmes emboîtés, deux chiffres
    par nombre (quatre au niveau 1), et les mots de Python en un symbole, pas caractère par caractère.

    Args:
        levels: un niveau, ou plusieurs.
        backwards: écrire les réponses à l'envers.
        carries: faux pour ne garder, au niveau 2, que les calculs sans retenue, où chaque chiffre de la réponse
            ne dépend que des deux chiffres au-dessus de lui.
        operations: ``"+"``, ``"-"`` ou ``"+-"`` ; une affectation n'en a pas, et reste.

    Raises:
        TypeError: si un argument n'est pas du bon type.
        ValueError: si un niveau est inconnu ou répété, si ``carries`` est faux à un autre niveau que 2,
            ou si ``operations`` est autre chose.

    References:
        Zaremba et Sutskever, *Learning to Execute*, 2014.

    Example:
        >>> task = Programs(2, backwards=True)
        >>> programs, answers = task.sample(32, generator=torch.Generator().manual_seed(0), split="test")
        >>> programs.shape, answers.shape
        (torch.Size([32, 8]), torch.Size([32, 4]))
        >>> task.decode_targets(answers) == [run_program(text) for text in task.decode(programs)]
        True
        >>> Programs(2, operations="+").count()
        8100
    """

    levels: tuple = (2,)
    backwards: bool = False
    carries: bool = True
    operations: str = "+-"

    def __post_init__(self):
        levels = self.levels
        if not isinstance(levels, Iterable):
            levels = (levels,)
        check_iterable("levels", levels, "un niveau de 1 à 5, ou une suite de niveaux")
        levels = tuple(check_integer("levels", level) for level in levels)
        if not levels or len(set(levels)) < len(levels) or not set(levels) <= set(LEVELS):
            raise ValueError(f"levels : reçu {levels}, attendu des niveaux de 1 à 5, tous différents")
        for name in ("backwards", "carries"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} : reçu {described(getattr(self, name))}, attendu un booléen")
        if not self.carries and levels != (2,):
            raise ValueError(f"carries : reçu False avec les niveaux {levels}, attendu le niveau 2 seul")
        check_choice("operations", self.operations, ("+", "-", "+-"))
        object.__setattr__(self, "levels", levels)

    @property
    def vocabulary(self):
        """Le vocabulaire des programmes ; une capitale y tient lieu d'un mot de Python."""
        return _READ

    @property
    def answer_vocabulary(self):
        """Le vocabulaire des réponses (la marque, le signe et les dix chiffres)."""
        return _WRITTEN

    @property
    def steps(self):
        """Le nombre de symboles du plus long programme."""
        return max(len(form.symbols) for form in self._forms)

    @property
    def answer_steps(self):
        """Le nombre de codes de la plus longue réponse, marque comprise."""
        return max(_WIDTHS[level] for level in self.levels)

    def count(self, split="all"):
        r"""Compte les calculs distincts d'un ensemble, sans compter les noms des variables.

        Args:
            split: ``"train"``, ``"choice"``, ``"test"``, ou ``"all"``.

        Returns:
            Un entier ; hors du niveau 2, seul ``"all"`` se compte.

        Raises:
            TypeError: si ``split`` n'est pas une chaîne.
            ValueError: si ``split`` est inconnu, ou si le compte de l'ensemble demanderait trop de programmes.

        Example:
            >>> [Programs(2).count(split) for split in ("train", "choice", "test", "all")]
            [12209, 2090, 1901, 16200]
        """
        check_choice("split", split, _SPLITS)
        if self.levels != (2,):
            if split != "all":
                raise ValueError(f"split : reçu {split!r}, attendu 'all' : seul le niveau 2 s'énumère")
            return sum(form.calculations for form in self._forms)
        a, b = (part.ravel() for part in np.meshgrid(np.arange(10, 100), np.arange(10, 100), indexing="ij"))
        return int(sum(self._kept(form, {"A": a, "B": b}, split).sum() for form in self._forms))

    def sample(self, batch_size, *, generator, split="train"):
        r"""Tire un lot, avec remise.

        Args:
            batch_size: le nombre :math:`B` de programmes.
            generator: le ``torch.Generator`` du tirage, sur le processeur central.
            split: ``"train"``, ``"choice"``, ``"test"``, ou ``"all"``.

        Returns:
            Un :class:`~notebook_utils.tasks.task.Batch` de codes, ``(B, S)`` et ``(B, T)``.

        Raises:
            TypeError: si un argument n'est pas du bon type.
            ValueError: si ``batch_size`` n'est pas positif, ou si ``split`` est inconnu.

        Example:
            >>> batch = Programs(4).sample(8, generator=torch.Generator().manual_seed(0), split="choice")
            >>> set(Programs(4).split_of(batch.inputs))
            {'choice'}
        """
        batch_size = check_integer("batch_size", batch_size)
        check_generator(generator)
        check_choice("split", split, _SPLITS)
        return self._draw(batch_size, split, generator)

    def batches(self, batch_size, number, *, generator, split="train"):
        r"""Tire des lots l'un après l'autre, pour une boucle d'apprentissage.

        Les programmes sont tirés par blocs, puis découpés : les lots diffèrent donc de ceux de :meth:`sample`.

        Args:
            batch_size, generator, split: comme pour :meth:`sample`.
            number: le nombre de lots.

        Returns:
            Un itérateur de ``number`` :class:`~notebook_utils.tasks.task.Batch`.

        Raises:
            TypeError: comme :meth:`sample`.
            ValueError: comme :meth:`sample`, ou si ``number`` n'est pas positif.

        Example:
            >>> lots = Programs(1).batches(32, 5, generator=torch.Generator().manual_seed(0))
            >>> [len(programs) for programs, answers in lots]
            [32, 32, 32, 32, 32]
        """
        batch_size, number = check_integer("batch_size", batch_size), check_integer("number", number)
        check_generator(generator)
        check_choice("split", split, _SPLITS)
        return self._batches(batch_size, number, split, generator)

    def encode(self, texts):
        r"""Range des programmes écrits à la main, et ce que Python imprime.

        Args:
            texts: une liste de programmes du petit langage, de l'un des modèles ou non.

        Returns:
            Un :class:`~notebook_utils.tasks.task.Batch`, entrées et cibles.

        Raises:
            TypeError: si ``texts`` n'est pas une liste de chaînes.
            ValueError: comme :func:`run_program`, ou si un caractère est inconnu.

        Example:
            >>> task = Programs(2)
            >>> programs, answers = task.encode(["j=47\nprint(j-83)"])
            >>> task.vocabulary.decode(programs[0]), task.decode_targets(answers)
            ('j=47\nP(j-83)¶', ['-36'])
        """
        check_iterable("texts", texts, "une liste de programmes")
        texts = list(texts)
        answers = [run_program(text)[:: self._step] for text in texts]
        return Batch(encode_texts(_READ, list(map(_shortened, texts))), encode_texts(_WRITTEN, answers))

    def decode(self, inputs):
        r"""Relit des programmes, tels que Python les lirait.

        Args:
            inputs: des codes, ``(B, S)``.

        Returns:
            Une liste de chaînes.

        Raises:
            TypeError: si ``inputs`` n'est pas un tenseur ``int64``.
            ValueError: si ``inputs`` n'a pas deux dimensions, ou sort du vocabulaire.

        Example:
            >>> task = Programs(3)
            >>> text = "c=12\nprint((c+40) if 31<70 else 58)"
            >>> task.decode(task.encode([text]).inputs) == [text]
            True
        """
        return [_lengthened(text) for text in decode_texts(_READ, inputs)]

    def decode_targets(self, targets):
        r"""Relit des réponses, ou ce qu'un réseau a écrit, toujours dans le sens de la lecture.

        Args:
            targets: des codes, ``(B, T)``.

        Returns:
            La liste des textes.

        Raises:
            TypeError: si ``targets`` n'est pas un tenseur ``int64``.
            ValueError: si ``targets`` n'a pas deux dimensions, ou sort du vocabulaire des réponses.

        Example:
            >>> Programs(2, backwards=True).decode_targets(torch.tensor([[8, 5, 1, 0]]))
            ['-36']
        """
        return [text[:: self._step] for text in decode_texts(_WRITTEN, targets)]

    def split_of(self, inputs):
        r"""Dit à quel ensemble appartient chaque programme, quelle qu'en soit la source.

        Args:
            inputs: des codes, ``(B, S)``.

        Returns:
            Une liste de ``"train"``, ``"choice"`` et ``"test"``.

        Raises:
            TypeError: comme :meth:`decode`.
            ValueError: comme :meth:`decode`.

        Example:
            >>> task = Programs(2)
            >>> same = task.encode(["j=47\nprint(j+83)", "k=47\nprint(k+83)", "a=83\nprint(a+47)"])
            >>> len(set(task.split_of(same.inputs)))
            1
        """
        found = []
        for text in decode_texts(_READ, inputs):
            numbers = [np.array([int(number)]) for number in re.findall(r"\d+", text)]
            residue = int(_residues(_skeleton(text), numbers)[0])
            found.append(next(name for name, residues in _SPLITS.items() if residue in residues))
        return found

    @property
    def _step(self):
        return -1 if self.backwards else 1

    @property
    def _forms(self):
        return [form for form in _COMPILED if form.level in self.levels and form.operation in self.operations]

    def _kept(self, form, numbers, split):
        """Les calculs d'un modèle qui sont de l'ensemble, et sans retenue s'il le faut."""
        kept = np.isin(_residues(form.skeleton, list(numbers.values())), _SPLITS[split])
        if self.carries:
            return kept
        pairs = [(numbers["A"] // 10, numbers["B"] // 10), (numbers["A"] % 10, numbers["B"] % 10)]
        for a, b in pairs:
            kept &= (a + b < 10) if form.operation == "+" else (a >= b)
        return kept

    def _batches(self, batch_size, number, split, generator):
        size = max(1, _BLOCK // batch_size)
        for done in range(0, number, size):
            block = self._draw(min(size, number - done) * batch_size, split, generator)
            yield from map(Batch, *(part.split(batch_size) for part in block))

    def _draw(self, rows, split, generator):
        inputs = torch.zeros(rows, self.steps, dtype=torch.int64)
        values = np.zeros(rows, dtype=np.int64)
        level = torch.randint(len(self.levels), (rows,), generator=generator).numpy()
        for rank, wanted in enumerate(self.levels):
            forms = [form for form in self._forms if form.level == wanted]
            missing = np.flatnonzero(level == rank)
            while len(missing):
                which = torch.randint(len(forms), (len(missing),), generator=generator).numpy()
                left = []
                for k, form in enumerate(forms):
                    places = missing[which == k]
                    fields = form.draw(len(places), generator)
                    kept = self._kept(form, form.numbers(fields), split)
                    inputs[places[kept], : len(form.symbols)] = torch.from_numpy(form.write(fields)[kept])
                    values[places[kept]] = form.value(fields)[kept]
                    left.append(places[~kept])
                missing = np.concatenate(left)
        return Batch(inputs, torch.from_numpy(self._spell(values)))

    def _spell(self, values):
        """Les codes des réponses, ``(B, T)`` : les chiffres de l'unité vers la gauche, puis le signe."""
        rows, width = len(values), self.answer_steps
        left = np.abs(values)
        codes = np.zeros((rows, width), dtype=np.int64)
        length = np.zeros(rows, dtype=np.int64)
        for t in range(width - 1):
            there = (left > 0) | (t == 0)
            codes[:, t] = np.where(there, 2 + left % 10, 0)
            length += there
            left = left // 10
        negative = np.flatnonzero(values < 0)
        codes[negative, length[negative]] = 1
        length[negative] += 1
        if self.backwards:
            return codes
        places = length[:, None] - 1 - np.arange(width)  # retourne chaque texte, pas les marques
        return np.where(places >= 0, np.take_along_axis(codes, np.maximum(places, 0), axis=1), 0)


class _Compiled:
    """Un modèle, prêt à écrire ses programmes par milliers."""

    def __init__(self, form):
        self.level, self.value = form.level, form.value
        fixed, slots, word = [], [], False
        for symbol in form.text:
            if symbol == "`":
                word = not word
            elif not word and symbol in _LIMITS:
                units = [unit for unit in (1_000, 100, 10, 1) if unit < _LIMITS[symbol][1] - 1]
                slots += [(len(fixed) + place, symbol, unit) for place, unit in enumerate(units)]
                fixed += ["0"] * len(units)
            else:
                if not word and symbol == "V":
                    slots.append((len(fixed), symbol, 1))
                    symbol = _NAMES[0]
                fixed.append(symbol)
        self.symbols, self.slots = "".join(fixed), slots
        self.operation = "".join(sign for sign in "+-" if sign in self.symbols)  # aucune pour une affectation
        self.codes = _READ.encode(self.symbols).numpy()  # (S)
        self.skeleton = _skeleton(self.symbols)
        self.used = sorted({symbol for _, symbol, _ in slots})

    @property
    def calculations(self):
        """Le nombre de calculs distincts, noms non comptés."""
        sizes = [high - low for low, high in (_LIMITS[symbol] for symbol in self.used if symbol != "V")]
        return int(np.prod(sizes))

    def draw(self, rows, generator):
        """Les noms et les nombres de ``rows`` programmes, en tableaux ``(rows)``."""
        limits = {"V": (0, len(_NAMES)), **_LIMITS}
        return {symbol: torch.randint(*limits[symbol], (rows,), generator=generator).numpy() for symbol in self.used}

    def numbers(self, fields):
        return {symbol: values for symbol, values in fields.items() if symbol != "V"}

    def write(self, fields):
        """Les codes des programmes, ``(rows, S)``."""
        rows = np.repeat(self.codes[None], len(next(iter(fields.values()))), axis=0)
        for place, symbol, unit in self.slots:
            values = fields[symbol]
            rows[:, place] = _FIRST_NAME + values if symbol == "V" else _FIRST_DIGIT + values // unit % 10
        return rows


def _skeleton(symbols):
    """L'empreinte de ce qui reste d'un programme : les noms par leur rang d'apparition, les nombres effacés."""
    ranks = {}
    text = re.sub(f"[{_NAMES}]", lambda name: f"v{ranks.setdefault(name[0], len(ranks))}", symbols)
    text = re.sub(r"(?<!v)\d+", "n", text)
    return np.uint64(int.from_bytes(text.encode(), "little") % (2**61 - 1))


def _residues(skeleton, numbers):
    """L'empreinte de chaque programme, de 0 à 7 : une somme, donc l'ordre des nombres n'y compte pas."""
    total = np.full(len(numbers[0]), skeleton, dtype=np.uint64)
    for values in numbers:
        total += _mixed(values.astype(np.uint64))
    return (_mixed(total) >> np.uint64(61)).astype(np.int64)


def _mixed(values):
    """Mélange des entiers de 64 bits : le dernier tour de SplitMix64."""
    with np.errstate(over="ignore"):
        values = values + np.uint64(0x9E3779B97F4A7C15)
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return values ^ (values >> np.uint64(31))


def _shortened(text):
    """Un programme, un symbole par mot."""
    check_text("texts", text)
    for symbol, word in _WORDS.items():
        text = re.sub(rf"\b{word.strip()}\b", symbol, text)
    return text.replace("; ", "\n").replace(";", "\n").replace(" ", "")


def _lengthened(symbols):
    """Le programme que Python lit."""
    return "".join(_WORDS.get(symbol, symbol) for symbol in symbols)


_READ = marked_vocabulary(_SYMBOLS)
_WRITTEN = marked_vocabulary(_ANSWERS)
_FIRST_DIGIT, _FIRST_NAME = _READ.symbols.index("0"), _READ.symbols.index("a")
_COMPILED = [_Compiled(form) for form in _FORMS]
