"""Ce que les figures lisent, et ce qu'elles refusent : axes, tableaux, noms, rôles."""

import itertools
import numbers

import matplotlib.pyplot as plt
import numpy as np

from .numbers import check_axes, format_number
from .palette import LINE_ROLES, PALETTE


def axes(ax, **figure):
    """Rend les axes donnés, ou de nouveaux."""
    if ax is None:
        return plt.subplots(**figure)[1]
    check_axes(ax)
    return ax


def real_array(name, values):
    """Rend un tableau de réels ; ni texte, ni complexe, ni tenseur qui suit un gradient."""
    if getattr(values, "requires_grad", False):
        raise TypeError(f"{name} : reçu un tenseur qui suit un gradient, attendu des nombres : {name}.detach()")
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{name} : reçu {type(values).__name__}, attendu un tableau de nombres réels") from error
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} : reçu {type(values).__name__} de type {array.dtype}, attendu des nombres réels")
    return array.astype(float)


def label_list(name, labels, count):
    """Rend les ``count`` noms d'une suite, en textes ; ceux d'un tableau ou d'un tenseur sont ses nombres."""
    labels = labels.tolist() if hasattr(labels, "tolist") else labels
    if not isinstance(labels, str | list | tuple | range):
        raise TypeError(f"{name} : reçu {type(labels).__name__}, attendu une chaîne, ou une liste de {count} noms")
    if len(labels) != count:
        raise ValueError(f"{name} : reçu {len(labels)} noms, attendu {count}")
    return [label_text(name, label) for label in labels]


def label_text(name, label):
    """Rend le texte d'un nom : une chaîne, un entier, ou un réel écrit à la française."""
    label = label.item() if hasattr(label, "item") else label
    if isinstance(label, str | numbers.Integral) and not isinstance(label, bool):
        return str(label)
    if isinstance(label, numbers.Real) and not isinstance(label, bool):
        return format_number(label)
    raise TypeError(f"{name} : reçu le nom {label!r}, attendu une chaîne ou un nombre")


def named(name, curves):
    """Refuse ce qui n'est pas un dictionnaire ``{étiquette: tableau}``, non vide, aux étiquettes écrites."""
    if not isinstance(curves, dict):
        raise TypeError(f"{name} : reçu {type(curves).__name__}, attendu un dictionnaire {{étiquette: tableau}}")
    if not curves:
        raise ValueError(f"{name} : reçu aucune courbe, attendu au moins une étiquette et son tableau")
    for label in curves:
        label_text(name, label)


def colours(labels, roles):
    """Attribue à chaque étiquette la couleur d'un rôle : celui que donne ``roles``, ou le suivant de la palette."""
    roles = {} if roles is None else roles
    if not isinstance(roles, dict):
        raise TypeError(f"roles : reçu {type(roles).__name__}, attendu un dictionnaire {{étiquette: rôle}}")
    for label, role in roles.items():
        if label not in labels:
            raise ValueError(f"roles : reçu l'étiquette {label!r}, attendu l'une de {list(labels)}")
        if role not in LINE_ROLES:
            raise ValueError(f"roles[{label!r}] : reçu {role!r}, attendu un rôle parmi {', '.join(LINE_ROLES)}")
    chosen = dict(zip(labels, itertools.cycle(LINE_ROLES), strict=False)) | roles
    return {label: PALETTE[role].light for label, role in chosen.items()}
