"""Ce qu'un modèle de langue propose : états avant chaque caractère, suites jugées, fins de mot."""

import itertools

import pytest
import torch
from outils import flat, new_generator, refused

from notebook_utils import (
    GRU,
    LSTM,
    LanguageModel,
    LSTMState,
    likely_endings,
    log_probabilities_from,
    log_probability,
    states_before,
)

D, H, V = 3, 4, 5
LETTERS = torch.tensor([False, True, True, False, True])
layers = pytest.mark.parametrize("Layer", [GRU, LSTM])


def new_model(Layer, seed=0):
    g = new_generator(seed)
    model = LanguageModel(Layer(D, H, generator=g, dtype=torch.float64), V, generator=g)
    with torch.no_grad():
        model.E.mul_(3)  # des préférences marquées
    return model


def texts(*lengths, seed=1):
    g = new_generator(seed)
    return [torch.randint(V, (n,), generator=g) for n in lengths]


def row(state, k):
    return LSTMState(*(part[[k]] for part in state)) if isinstance(state, tuple) else state[[k]]


@layers
def test_states_before_each_character(Layer):
    """Oracle : chaque texte lu seul, d'un bout à l'autre."""
    model, some = new_model(Layer), texts(4, 1, 7)
    states, place = states_before(model, some), 0
    assert len(flat(states)[0]) == 12
    for text in some:
        state = model.initial_state(1)
        for code in text:
            torch.testing.assert_close(flat(row(states, place)), flat(state))
            _, state = model.step(code[None], state)
            place += 1


@layers
def test_log_probabilities_of_what_follows(Layer):
    """Oracle : la somme est celle de ``log_probability``, qui avance pas à pas."""
    model, some = new_model(Layer), texts(4, 2, 6)
    _, start = model.read(torch.tensor([[1, 2], [3, 4], [2, 2]]))
    found = log_probabilities_from(model, start, some)
    assert found.shape == (3, 5) and not found[1, 1:].any() and (found[2] < 0).all()
    for k, text in enumerate(some):
        alone = log_probability(model.step, row(start, k), text[None, 1:], first=text[:1], end=None)
        torch.testing.assert_close(found[k].sum(), alone[0])


@layers
def test_endings_against_exhaustive_search(Layer):
    """Toutes les suites d'au plus trois lettres, suivies d'un autre signe, ou coupées à trois."""
    model, first = new_model(Layer, seed=3), torch.tensor([2, 4])
    _, start = model.read(torch.tensor([[1, 3], [4, 1]]))
    found = likely_endings(model, start, first, LETTERS, number=3, width=60, length=3)
    for k in range(2):
        scores = {}
        for n in range(4):
            for letters in itertools.product([1, 2, 4], repeat=n):
                codes = torch.tensor([int(first[k]), *letters])
                logits, _ = model.read(codes[None], row(start, k))
                log_p = logits[0].log_softmax(dim=1)
                score = sum(log_p[t, letter].item() for t, letter in enumerate(letters))
                scores[letters] = score + (log_p[n, ~LETTERS].logsumexp(dim=0).item() if n < 3 else 0)
        ranked = sorted(scores, key=scores.get, reverse=True)
        assert [tuple(end) for end in found[k]] == [end for end in ranked if end][:3]


def test_fewer_endings_than_asked():
    """Une seule lettre, une seule place : il n'y a qu'une fin."""
    only = torch.tensor([False, True, False, False, False])
    model = new_model(GRU)
    assert likely_endings(model, model.initial_state(2), torch.tensor([1, 1]), only, length=1) == [[[1]], [[1]]]


@pytest.mark.parametrize(
    ("call", "error", "received", "expected"),
    [
        (lambda m, s, x: states_before(m, []), ValueError, "aucun texte", "au moins un caractère"),
        (lambda m, s, x: states_before(m, [x[:0]]), ValueError, "aucun texte, ou un texte vide", "au moins un"),
        (lambda m, s, x: states_before(m, 3), TypeError, "3 ", "une suite de textes"),
        (lambda m, s, x: states_before(m, [torch.ones(3)]), TypeError, "le type torch.float32", "torch.int64"),
        (lambda m, s, x: log_probabilities_from(m, s, []), ValueError, "aucun texte", "au moins un caractère"),
        (lambda m, s, x: likely_endings(m, s, x, [True]), TypeError, "list", "un tenseur de booléens"),
        (lambda m, s, x: likely_endings(m, s, x, ~LETTERS), ValueError, "le code 0", "qu.il finisse un mot"),
        (lambda m, s, x: likely_endings(m, s, x, LETTERS, number=0), ValueError, "0", "un entier"),
        (lambda m, s, x: likely_endings(m, s, x, LETTERS, width=0), ValueError, "0", "un entier"),
    ],
)
def test_errors(call, error, received, expected):
    model = new_model(GRU)
    with refused(error, received, expected):
        call(model, model.initial_state(1), torch.tensor([1]))
