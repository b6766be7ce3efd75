r"""Ce qui prouve la bonne réponse d'une question : une condition sur les valeurs que la page a calculées.

``rnn-temoin.min > 0.24 and rnn-apres < 2 * rnn-dixieme`` : les noms sont des clés collées, leurs valeurs les nombres
que l'on y lit (« 98,7 % », « 2,9·10¹⁴ », « −0,26 », « 98,7 % (de 97,2 à 100,0) », dont ``.min`` et ``.max`` sont les
bornes). Une valeur qui n'est pas un nombre se compare comme un texte. Rien d'autre n'est permis que des comparaisons,
``and``, ``or``, ``not``, les quatre opérations, ``abs``, ``min`` et ``max``.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

EXPONENT = "10[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+"
PLAIN = r"(?:\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d+)(?:,\d+)?"
NUMBER = rf"[−-]?(?:∞|{EXPONENT}|{PLAIN}(?:·{EXPONENT})?)"
FIRST = re.compile(rf"(?P<value>{NUMBER})(?=$|[\s%°])")
SPREAD = re.compile(rf"\(de (?P<low>{NUMBER}) à (?P<high>{NUMBER})\)")
POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺−", "0123456789-+-")

STRING_OR_KEY = re.compile(
    r"""(?P<string>"[^"]*"|'[^']*')|(?P<key>(?<![\w.])[a-z][a-z0-9]*(?:-[A-Za-z0-9_+]*[A-Za-z0-9_])+)(?P<bound>\.min|\.max)?"""
)
OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
COMPARISONS = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}
FUNCTIONS: dict[str, Callable] = {"abs": abs, "min": min, "max": max}


class ProofError(ValueError):
    """Une preuve mal écrite, ou qui nomme une valeur absente."""


class Glued(NamedTuple):
    """Une valeur collée : son texte, et les nombres que l'on y lit ; ``None`` si ce n'est pas un nombre."""

    key: str
    text: str
    value: float | None = None
    low: float | None = None
    high: float | None = None


def number(text: str) -> float:
    """Un nombre écrit en français.

    >>> number("2,9·10¹⁴"), number("−0,26"), number("1 024"), number("10⁻⁶")
    (290000000000000.0, -0.26, 1024.0, 1e-06)
    """
    text = re.sub(r"\s", "", text).replace(",", ".")
    sign = -1 if text[0] in "−-" else 1
    text = text.lstrip("−-")
    if text == "∞":
        return sign * float("inf")
    mantissa, _, power = text.rpartition("·")
    if mantissa or re.fullmatch(EXPONENT, text):
        return sign * float(f"{mantissa or 1}e{power.removeprefix('10').translate(POWERS)}")
    return sign * float(text)


def read(key: str, text: str) -> Glued:
    """Une valeur collée, telle que la page l'écrit.

    >>> read("a-b", "98,7 % (de 97,2 à 100,0)")[2:]
    (98.7, 97.2, 100.0)
    >>> read("a-b", "oui").value
    """
    shown = " ".join(text.replace("’", "'").split())
    first, spread = FIRST.match(shown), SPREAD.search(shown)
    if first is None:
        return Glued(key, shown)
    value = number(first["value"])
    low, high = (number(spread["low"]), number(spread["high"])) if spread else (value, value)
    return Glued(key, shown, value, low, high)


def keys(proof: str) -> list[str]:
    """Les clés que nomme une preuve.

    >>> keys('rnn-h1 > 0.5 and rnn-mot == "oui-da" and abs(rnn-a.min - rnn-h1) < 1')
    ['rnn-h1', 'rnn-mot', 'rnn-a']
    """
    return list(dict.fromkeys(found["key"] for found in STRING_OR_KEY.finditer(proof) if found["key"]))


def holds(proof: str, glued: Mapping[str, str]) -> bool:
    """La preuve est-elle vraie ? ``ProofError`` si elle est mal écrite, ou si une valeur manque."""
    values: dict[str, Glued | float] = {}

    def named(found: re.Match) -> str:
        if found["string"]:
            return found["string"]
        name = f"valeur_{len(values)}"
        values[name] = bound_of(found["key"], found["bound"], glued)
        return f" {name} "

    code = STRING_OR_KEY.sub(named, proof).strip()
    if not values:
        raise ProofError("elle ne lit aucune valeur collée de la page")
    try:
        tree = ast.parse(code, mode="eval")
    except SyntaxError as error:
        raise ProofError(f"illisible : {error.msg}") from error
    try:
        result = evaluate(tree.body, values)
    except ZeroDivisionError as error:
        raise ProofError("elle divise par zéro") from error
    if not isinstance(result, bool):
        raise ProofError("ce n'est pas une condition : il y manque une comparaison")
    return result


def bound_of(key: str, bound: str | None, glued: Mapping[str, str]) -> Glued | float:
    if key not in glued:
        remedy = " (une opération s'écrit entre deux espaces)" if re.search(r"-\d+$|-.*-", key) else ""
        raise ProofError(f"aucune cellule de la page ne colle « {key} »{remedy}")
    value = read(key, glued[key])
    return value if bound is None else as_number(value._replace(value={".min": value.low, ".max": value.high}[bound]))


def as_number(value: object) -> float:
    if isinstance(value, Glued):
        if value.value is None:
            raise ProofError(f"« {value.key} » vaut « {value.text} », qui n'est pas un nombre")
        return value.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ProofError(f"« {value} » n'est pas un nombre")
    return value


def as_text(value: object) -> str:
    return value.text if isinstance(value, Glued) else " ".join(str(value).replace("’", "'").split())


def compare(sign: ast.cmpop, left: object, right: object) -> bool:
    """Des nombres, ou, si l'un des deux n'en est pas un, des textes."""
    operation = COMPARISONS.get(type(sign))
    if operation is None:
        raise ProofError("« in » et « is » n'y sont pas permis")
    is_text = any(isinstance(side, str) or isinstance(side, Glued) and side.value is None for side in (left, right))
    if is_text and isinstance(sign, ast.Eq | ast.NotEq):
        return operation(as_text(left), as_text(right))
    return operation(as_number(left), as_number(right))


def evaluate(node: ast.expr, values: Mapping[str, Glued | float]) -> object:
    """La valeur d'une expression ; tout ce qui n'est pas prévu ici est refusé."""
    value = partial(evaluate, values=values)
    match node:
        case ast.BoolOp(op=ast.And()):
            return all(truth(value(part)) for part in node.values)
        case ast.BoolOp(op=ast.Or()):
            return any(truth(value(part)) for part in node.values)
        case ast.UnaryOp(op=ast.Not()):
            return not truth(value(node.operand))
        case ast.UnaryOp(op=ast.USub()):
            return -as_number(value(node.operand))
        case ast.BinOp() if type(node.op) in OPERATIONS:
            return OPERATIONS[type(node.op)](as_number(value(node.left)), as_number(value(node.right)))
        case ast.Compare():
            sides = [value(side) for side in (node.left, *node.comparators)]
            pairs = zip(node.ops, sides, sides[1:], strict=False)
            return all(compare(sign, left, right) for sign, left, right in pairs)
        case ast.Call(func=ast.Name(id=name), keywords=[]) if name in FUNCTIONS and node.args:
            return FUNCTIONS[name](*(as_number(value(part)) for part in node.args))
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.Constant(value=int() | float() | str() as constant) if not isinstance(constant, bool):
            return constant
    shown = re.sub(r"valeur_(\d+)", "…", ast.unparse(node))
    raise ProofError(f"« {shown} » n'y est pas permis")


def truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ProofError("« and », « or » et « not » relient des comparaisons")
    return value


def described(proof: str, glued: Mapping[str, str]) -> str:
    """Les valeurs que la page donne aux clés d'une preuve, pour un message."""
    return ", ".join(f"{key} vaut « {' '.join(glued[key].split())} »" for key in keys(proof) if key in glued)
