r"""Répondre, dans un carnet, aux prédictions et aux questions du livre.

La page garde les réponses dans un repli ; le carnet les porte, illisibles au premier coup d'œil,
dans la cellule où l'on écrit la sienne. Rien n'y est secret : elles ne sont qu'hors de vue.
"""

import base64
import json
import zlib

from ._checks import check_number, check_text, described

__all__ = ["check_answer"]


class _Reply(str):
    """Une réponse : JupyterLab en compose les formules, ailleurs c'est du texte."""

    def __repr__(self):
        return str(self)

    def _repr_markdown_(self):
        return str(self)


def check_answer(answer, key):
    r"""Dit ce que vaut une réponse, et pourquoi.

    Args:
        answer: la lettre d'un choix, ``"a"`` ; si l'on demande un nombre, ce nombre ; si l'on demande une courbe,
            la liste de ses valeurs ; ``""`` ou ``None`` tant que l'on n'a pas choisi.
        key: les réponses, telles que le carnet les porte.

    Returns:
        Le texte de la réponse, que la cellule affiche.

    Raises:
        TypeError: si ``answer`` n'est pas de la sorte demandée.
        ValueError: si ``answer`` n'est pas l'un des choix, ou n'a pas une valeur par abscisse, ou si ``key`` est abîmé.

    Example:
        >>> from notebook_utils.questions import encode_answers
        >>> key = encode_answers({"juste": "b", "reponses": {"a": "Il oublie.", "b": "Il retient."}})
        >>> check_answer("b", key)
        ✓ Réponse b, la bonne. Il retient.
        >>> check_answer("", key)
        Écrivez votre réponse à la place de "" : "a" ou "b" ; puis exécutez de nouveau la cellule.
    """
    content = _decoded(key)
    if "valeurs" in content:
        return _Reply(_about_curve(answer, content))
    if "valeur" in content:
        return _Reply(_about_number(answer, content))
    return _Reply(_about_choice(answer, content))


def encode_answers(content):
    r"""Met les réponses d'une question sous la forme que lit :func:`check_answer` ; le livre écrit ainsi ses carnets.

    Args:
        content: ``{"juste": "b", "reponses": {"a": …, "b": …}}`` ; pour un nombre,
            ``{"valeur": 98.7, "texte": "98,7 %", "tolerance": 5, "reponse": …}`` ; pour une courbe,
            ``{"axe": "pas", "abscisses": ["1", …], "valeurs": [98.7, …], "textes": ["98,7 %", …], "tolerance": 5,
            "reponse": …}``.

    Returns:
        Un texte sans espace ni guillemet, d'une seule ligne.

    Raises:
        TypeError: si ``content`` ne s'écrit pas en JSON.

    Example:
        >>> encode_answers({"juste": "a", "reponses": {"a": "Oui."}}).isascii()
        True
    """
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return base64.urlsafe_b64encode(zlib.compress(text.encode("utf-8"), 9)).decode("ascii")


def _decoded(key):
    check_text("key", key)
    try:
        content = json.loads(zlib.decompress(base64.urlsafe_b64decode(key)))
    except (ValueError, zlib.error) as error:
        raise ValueError("key : reçu un texte abîmé, attendu celui que porte le carnet") from error
    if not isinstance(content, dict) or not {"juste", "valeur", "valeurs"} & set(content):
        raise ValueError("key : reçu un texte abîmé, attendu celui que porte le carnet")
    return content


def _about_choice(answer, content):
    replies = content["reponses"]
    letters = [f'"{letter}"' for letter in replies]
    choices = " ou ".join([", ".join(letters[:-1]), letters[-1]] if len(letters) > 1 else letters)
    if answer is None or answer == "":
        return f'Écrivez votre réponse à la place de "" : {choices} ; puis exécutez de nouveau la cellule.'
    if not isinstance(answer, str):
        raise TypeError(f"answer : reçu {described(answer)}, attendu {choices}")
    letter = answer.strip().lower()
    if letter not in replies:
        raise ValueError(f"answer : reçu {answer!r}, attendu {choices}")
    verdict = f"✓ Réponse {letter}, la bonne." if letter == content["juste"] else f"✗ Réponse {letter}."
    return f"{verdict} {replies[letter]}"


def _about_number(answer, content):
    if answer is None or answer == "":
        return 'Écrivez votre prévision, un nombre, à la place de "" ; puis exécutez de nouveau la cellule.'
    gap = abs(check_number("answer", answer) - content["valeur"])
    verdict = "✓ Bien vu." if gap <= content["tolerance"] else "✗ Ce n'est pas cela."
    return f"{verdict} Valeur mesurée : {content['texte']}.\n\n{content['reponse']}".rstrip()


def _about_curve(answer, content):
    places, count = content["abscisses"], len(content["abscisses"])
    if answer is None or answer == "":
        asked = f"une valeur par abscisse ({content['axe']}) : {', '.join(places)}"
        return f'Écrivez vos {count} valeurs entre crochets à la place de "", {asked} ; puis exécutez la cellule.'
    expected = f"une liste de {count} nombres"
    if not isinstance(answer, list | tuple):
        raise TypeError(f"answer : reçu {described(answer)}, attendu {expected}")
    if len(answer) != count:
        raise ValueError(f"answer : reçu {len(answer)} valeurs, attendu {expected}")
    gaps = [abs(check_number("answer", value, expected) - true)
            for value, true in zip(answer, content["valeurs"], strict=True)]  # fmt: skip
    close = sum(gap <= content["tolerance"] for gap in gaps)
    verdict = "✓ Bien vu." if close == count else f"✗ Points assez proches de la mesure : {close} sur {count}."
    rows = "\n".join(f"- {place} : {text}" for place, text in zip(places, content["textes"], strict=True))
    return f"{verdict} Valeurs mesurées ({content['axe']}) :\n\n{rows}\n\n{content['reponse']}".rstrip()
