r"""Écrire avec un réseau qui prédit le caractère suivant : chercher le texte le plus probable, ou le tirer.

Le réseau n'est connu que par ``step`` : ``logits, state = step(codes, state)`` lit un caractère par exemple, ``(B)``,
et rend les logits du suivant, ``(B, V)``. La probabilité d'un texte est le produit de celles de ses caractères,
marque de fin comprise :

.. math::

    \log p(y_1, \dots, y_n) &= \sum_{t=1}^{n} \log p(y_t \mid y_1, \dots, y_{t-1}, s_0) \\
    p(\cdot \mid y_1, \dots, y_{t-1}, s_0) &= \mathrm{softmax}(\hat{y}_t)

Aucun gradient n'est calculé.
"""

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from .._checks import check_callable, check_integer, check_iterable, check_positive
from .._tensor_checks import check_codes, check_generator, check_tensor

__all__ = ["beam_search", "greedy", "log_probability", "sample"]


def greedy(step, state, *, length, first=None, end=0, forbidden=()):
    r"""Écrit à chaque pas le caractère le plus probable.

    .. math::

        y_t = \arg\max_{v} \; p(v \mid y_1, \dots, y_{t-1}, s_0)

    C'est rapide, et ce n'est pas toujours le texte le plus probable : un premier caractère un peu moins bon
    peut ouvrir une bien meilleure suite (:func:`beam_search`).

    Args:
        step: la fonction d'un pas, ``logits, state = step(codes, state)``.
        state: l'état :math:`s_0`, un tenseur de première dimension :math:`B`, ou un n-uplet d'états.
        length: le nombre de caractères à écrire, au plus.
        first: les codes à lire d'abord, ``(B)`` ; la marque, de code 0, par défaut.
        end: le code qui termine un texte ; ``None`` s'il n'y en a pas.
        forbidden: les codes à ne jamais écrire.

    Returns:
        Les codes écrits, ``(B, n)`` avec ``n ≤ length`` ; après ``end``, tous valent ``end``.

    Raises:
        TypeError: si un argument n'est pas du bon type.
        ValueError: si ``length`` n'est pas strictement positif, ou si un code n'existe pas.

    Example:
        Un « réseau » sans état, qui préfère toujours le code 2, puis s'arrête s'il lui est interdit.

        >>> def step(codes, state):
        ...     return torch.tensor([[1.0, 0.0, 3.0]]).expand(len(codes), -1), state
        >>> greedy(step, torch.zeros(1, 1), length=4)
        tensor([[2, 2, 2, 2]])
        >>> greedy(step, torch.zeros(1, 1), length=4, forbidden=[2])
        tensor([[0]])
    """
    return _write(step, state, lambda logits: logits.argmax(dim=1), length, first, end, forbidden)


def sample(step, state, *, length, generator, temperature=1.0, first=None, end=0, forbidden=()):
    r"""Tire à chaque pas un caractère selon sa probabilité, à une température près.

    .. math::

        y_t \sim \mathrm{softmax}(\hat{y}_t / \tau)

    La température :math:`\tau` resserre le tirage sur les caractères probables si elle est inférieure à 1,
    le disperse si elle est supérieure ; quand elle tend vers 0, le tirage devient :func:`greedy`.

    Args:
        step, state, length, first, end, forbidden: comme pour :func:`greedy`.
        generator: le ``torch.Generator`` du tirage.
        temperature: :math:`\tau`, strictement positive.

    Returns:
        Les codes écrits, comme :func:`greedy`.

    Raises:
        TypeError: comme :func:`greedy`.
        ValueError: comme :func:`greedy`, ou si ``temperature`` n'est pas strictement positive.

    Example:
        >>> def step(codes, state):
        ...     return torch.tensor([[0.0, 0.0, 9.0]]).expand(len(codes), -1), state
        >>> sample(step, torch.zeros(1, 1), length=4, generator=torch.Generator().manual_seed(0))
        tensor([[2, 2, 2, 2]])
    """
    check_generator(generator)
    check_positive("temperature", temperature)

    def choose(logits):
        return torch.softmax(logits / temperature, dim=1).multinomial(1, generator=generator)[:, 0]

    return _write(step, state, choose, length, first, end, forbidden)


@torch.no_grad()
def beam_search(step, state, *, width, length, first=None, end=0, forbidden=()):
    r"""Garde à chaque pas les débuts de texte les plus probables.

    Une recherche en faisceau (*beam search*) prolonge chacun des ``width`` débuts gardés par chacun des
    :math:`V` codes, puis garde les ``width`` meilleurs ; un texte terminé reste en course, sans plus changer.
    ``width=1`` est :func:`greedy` ; à partir de :math:`V^{n-1}` débuts gardés, pour :math:`n` caractères,
    la recherche est complète.
    Écart à l'usage courant : aucune correction de longueur, c'est la probabilité du texte entier qui classe.

    Args:
        step, state, length, first, end, forbidden: comme pour :func:`greedy`.
        width: le nombre de débuts gardés.

    Returns:
        Le couple ``(codes, log_probabilities)``, de formes ``(B, width, n)`` et ``(B, width)``, du plus probable au
        moins probable. S'il y a moins de ``width`` textes possibles, les places de trop ont la probabilité
        :math:`-\infty`.

    Raises:
        TypeError: comme :func:`greedy`.
        ValueError: comme :func:`greedy`, ou si ``width`` n'est pas strictement positif.

    References:
        Graves, *Sequence Transduction with Recurrent Neural Networks*, 2012.

    Example:
        >>> def step(codes, state):
        ...     return torch.tensor([[0.6, 0.0, 0.4]]).log().expand(len(codes), -1), state
        >>> codes, scores = beam_search(step, torch.zeros(1, 1), width=2, length=3)
        >>> codes[0].tolist(), [round(score, 2) for score in scores[0].exp().tolist()]
        ([[0, 0], [2, 0]], [0.6, 0.24])
    """
    width = check_integer("width", width)
    codes, length, forbidden = _checked(step, state, length, first, end, forbidden)
    B = len(codes)
    state = _select(state, torch.arange(B).repeat_interleave(width))
    codes = codes.repeat_interleave(width)  # (Bk)
    scores = torch.full((B, width), -torch.inf, device=codes.device)
    scores[:, 0] = 0  # au départ, les débuts d'un exemple sont tous le même
    written = codes.new_empty(B, width, 0)
    for _ in range(length):
        logits, state = step(codes, state)  # (Bk, V)
        steps = _log_probabilities(logits, forbidden, end)
        if end is not None and written.shape[2]:
            _stay(steps, written[..., -1].flatten() == end, end)
        V = steps.shape[1]
        scores, best = (scores[..., None] + steps.view(B, width, V)).flatten(1).topk(width)  # (B, k)
        parent, code = best // V, best % V
        rows = (parent + width * torch.arange(B, device=best.device)[:, None]).flatten()
        state, codes = _select(state, rows), code.flatten()
        written = torch.cat([written.gather(1, parent[..., None].expand(-1, -1, written.shape[2])), code[..., None]], 2)
        if end is not None and ((code == end) | scores.isinf()).all():
            break
    return written, scores


@torch.no_grad()
def log_probability(step, state, codes, *, first=None, end=0):
    r"""Log-probabilité de textes donnés.

    .. math::

        \log p(y_1, \dots, y_n) = \sum_{t=1}^{n} \log p(y_t \mid y_1, \dots, y_{t-1}, s_0)

    :math:`n` va jusqu'au premier ``end`` compris ; ce qui suit ne compte pas.

    Args:
        step, state, first, end: comme pour :func:`greedy`.
        codes: les textes, ``(B, T)``.

    Returns:
        Un tenseur ``(B)``.

    Raises:
        TypeError: comme :func:`greedy`.
        ValueError: comme :func:`greedy`, ou si ``codes`` n'a pas autant de lignes que ``state``.

    Example:
        >>> def step(codes, state):
        ...     return torch.tensor([[0.6, 0.0, 0.4]]).log().expand(len(codes), -1), state
        >>> round(log_probability(step, torch.zeros(1, 1), torch.tensor([[2, 0, 0]])).exp().item(), 2)
        0.24
    """
    read, _, _ = _checked(step, state, 1, first, end, ())
    check_codes("codes", codes, (len(read), "T"), None)
    total, running = 0.0, torch.ones_like(read, dtype=torch.bool)
    for wanted in codes.unbind(dim=1):  # (B)
        logits, state = step(read, state)
        check_codes("codes", wanted, ("B",), logits.shape[1])
        gained = log_softmax(logits, dim=1).gather(1, wanted[:, None])[:, 0]
        total = total + torch.where(running, gained, torch.zeros_like(gained))
        running = running & (wanted != end) if end is not None else running
        read = wanted
    return total


@torch.no_grad()
def _write(step, state, choose, length, first, end, forbidden):
    """Déroule ``step``, en lui donnant à lire ce que ``choose`` a choisi."""
    codes, length, forbidden = _checked(step, state, length, first, end, forbidden)
    ended, written = torch.zeros_like(codes, dtype=torch.bool), []
    for _ in range(length):
        logits, state = step(codes, state)  # (B, V)
        codes = choose(_log_probabilities(logits, forbidden, end))
        if end is not None:
            codes = codes.masked_fill(ended, end)
            ended = ended | (codes == end)
        written.append(codes)
        if ended.all():
            break
    return torch.stack(written, dim=1)  # (B, n)


def _log_probabilities(logits, forbidden, end):
    """Les log-probabilités, ``(B, V)`` ; celles des codes interdits sont infinies, et ``end`` doit exister."""
    check_tensor("step", logits, "une fonction qui rend (logits, state)")
    V = logits.shape[1]
    for code in (*forbidden, *(() if end is None else (end,))):
        if code >= V:
            raise ValueError(f"forbidden, end : reçu le code {code}, attendu de 0 à {V - 1}")
    if len(forbidden) == V:
        raise ValueError(f"forbidden : reçu les {V} codes, attendu qu'il en reste un à écrire")
    values = log_softmax(logits, dim=1)
    if forbidden:
        values[:, forbidden] = -torch.inf
    return values


def _stay(steps, ended, end):
    """Un texte terminé ne peut que se répéter : ``end`` y a la probabilité 1."""
    steps[ended] = -torch.inf
    steps[ended, end] = 0


def _checked(step, state, length, first, end, forbidden):
    """Refuse ce qui ne convient pas ; rend les premiers codes lus, la longueur, et les codes interdits."""
    check_callable("step", step, "une fonction logits, state = step(codes, state)")
    length = check_integer("length", length)
    check_iterable("forbidden", forbidden, "une liste de codes")
    forbidden = sorted({check_integer("forbidden", code, 0) for code in forbidden})
    if end is not None:
        check_integer("end", end, 0)
    part = _first_part(state)
    if first is None:
        first = torch.zeros(len(part), dtype=torch.int64, device=part.device)
    check_codes("first", first, (len(part),), None)
    return first, length, forbidden


def _first_part(state):
    """Le premier tenseur d'un état."""
    while isinstance(state, tuple | list) and state:
        state = state[0]
    check_tensor("state", state, "un tenseur (B, …), ou un n-uplet de tels tenseurs")
    return state


def _select(state, rows):
    """Les lignes ``rows`` d'un état, quelle qu'en soit la structure."""
    if isinstance(state, Tensor):
        return state[rows.to(state.device)]
    parts = [_select(part, rows) for part in state]
    return type(state)(*parts) if hasattr(state, "_fields") else type(state)(parts)
