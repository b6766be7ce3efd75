"""Kneser–Ney : sommes à 1, et accord avec une transcription de la formule, par dictionnaires."""

from collections import Counter, defaultdict

import numpy as np
import pytest
import torch
from outils import new_generator, refused

from notebook_utils import KneserNey


def markov(N, V=5, seed=0):
    """Un texte dont chaque code dépend du précédent, pour que les contextes se répètent."""
    g = new_generator(seed)
    steps = torch.randint(0, 2, (N,), generator=g)
    noise = torch.randint(0, V, (N,), generator=g)
    codes = [0]
    for step, other in zip(steps[1:].tolist(), noise[1:].tolist(), strict=True):
        codes.append((2 * codes[-1] + step) % V if other else other)
    return torch.tensor(codes)


class Transcription:
    """La formule de la docstring, sans rien d'astucieux."""

    def __init__(self, codes, order, V):
        text, self.V, self.order, self.counts = codes.tolist(), V, order, {}
        grams = {k: {tuple(text[i : i + k]) for i in range(len(text) - k + 1)} for k in range(1, order + 1)}
        for k in range(1, order + 1):
            a = Counter()
            if k == order:
                a.update(tuple(text[i : i + k]) for i in range(len(text) - k + 1))
            else:
                a.update(gram[1:] for gram in grams[k + 1])
            self.counts[k] = a
        self.D = {k: self.discounts(a) for k, a in self.counts.items()}
        self.followers = {k: defaultdict(list) for k in self.counts}
        for k, a in self.counts.items():
            for gram, n in a.items():
                self.followers[k][gram[:-1]].append(n)

    @staticmethod
    def discounts(a):
        n = Counter(a.values())
        Y = n[1] / (n[1] + 2 * n[2]) if n[1] else 0
        D = {j: j - (j + 1) * Y * n[j + 1] / n[j] if n[j] and n[j + 1] else 0 for j in (1, 2, 3)}
        D = {j: value if 0 < value <= j else j / 2 for j, value in D.items()}
        return lambda count: D[min(count, 3)] if count else 0

    def p(self, code, context, k):
        if k == 0:
            return 1 / self.V
        context = tuple(context[len(context) - k + 1 :]) if k > 1 else ()
        shorter = self.p(code, context[1:], k - 1)
        followers = self.followers[k].get(context)
        if not followers:
            return shorter
        count, D = self.counts[k][(*context, code)], self.D[k]
        return (max(0, count - D(count)) + sum(map(D, followers)) * shorter) / sum(followers)


@pytest.mark.parametrize("order", [1, 2, 3, 5, 8])
def test_against_the_formula(order):
    codes, test = markov(400), markov(60, seed=1)
    model, oracle = KneserNey(codes, order, 5), Transcription(codes, order, 5)
    text = test.tolist()
    for i in range(len(text)):
        context = text[max(0, i - order + 1) : i]
        wanted = [oracle.p(code, context, min(order, len(context) + 1)) for code in range(5)]
        np.testing.assert_allclose(model.probabilities(torch.tensor(context, dtype=torch.int64)), wanted, rtol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 4, 9])
@pytest.mark.parametrize("N", [9, 30, 2_000])
def test_probabilities_sum_to_one(order, N):
    model = KneserNey(markov(N), order, 7)  # les codes 5 et 6 n'ont jamais été lus
    drawn = torch.randint(0, 7, (50, 12), generator=new_generator(1))
    for row, length in zip(drawn, range(50), strict=True):
        p = model.probabilities(row[: length % 13])
        assert abs(p.sum().item() - 1) < 1e-9 and p.min() > 0 and p.dtype == torch.float64


@pytest.mark.parametrize("order", [1, 3, 6])
def test_a_text_is_read_like_its_contexts(order):
    model, test = KneserNey(markov(500), order, 6), torch.randint(0, 6, (80,), generator=new_generator(2))
    wanted = [model.probabilities(test[:i])[test[i]].log() for i in range(len(test))]
    torch.testing.assert_close(model.log_probabilities(test), torch.stack(wanted), rtol=1e-12, atol=0)


@pytest.mark.parametrize("order", [1, 2, 5])
def test_a_batch_is_read_step_by_step(order):
    """Chaque exemple a sa suite, et son contexte ; les autres codes ont aussi leur probabilité."""
    model, texts = KneserNey(markov(500), order, 6), torch.randint(0, 6, (7, 12), generator=new_generator(3))
    state = model.initial_state(7)
    for t in range(12):
        found, state = model.step(texts[:, t], state)
        wanted = torch.stack([model.probabilities(text[: t + 1]).log() for text in texts])
        torch.testing.assert_close(found, wanted, rtol=1e-12, atol=0)
        assert found.dtype == torch.float64 and (found.exp().sum(dim=1) - 1).abs().max() < 1e-9


def test_a_batch_is_read_like_a_text():
    model, test = KneserNey(markov(500), 4, 5), markov(60, seed=1)
    state, found = model.initial_state(1), []
    for codes in test[:-1, None]:
        log_p, state = model.step(codes, state)
        found.append(log_p[0])
    wanted = model.log_probabilities(test)[1:]
    torch.testing.assert_close(torch.stack(found).gather(1, test[1:, None])[:, 0], wanted, rtol=1e-12, atol=0)


def test_a_step_leaves_its_state_alone():
    model = KneserNey(markov(200), 3, 5)
    _, state = model.step(torch.tensor([1, 2]), model.initial_state(2))
    before = state.clone()
    model.step(torch.tensor([3, 0]), state)
    assert torch.equal(state, before)


def test_context_helps_where_there_is_one():
    codes, test = markov(4_000), markov(500, seed=1)
    bits = [-KneserNey(codes, order, 5).log_probabilities(test).mean().item() for order in (1, 2)]
    assert bits[1] < bits[0] - 0.2


def test_continuations_count_more_than_repetitions():
    """« 3 » n'est lu qu'après « 2 », mais souvent ; « 1 » l'est moins, mais après bien d'autres."""
    text = [2, 3] * 40 + [0, 1, 4, 1, 5, 1, 6, 1, 0, 4, 5, 6] * 3
    p = KneserNey(torch.tensor(text), 2, 9).probabilities(torch.tensor([8]))  # « 8 » est un contexte inconnu
    assert text.count(3) > text.count(1) and p[1] > p[3]


def test_only_the_last_codes_count():
    model = KneserNey(markov(300), 3, 5)
    short, long = torch.tensor([2, 4]), torch.tensor([0, 1, 3, 2, 4])
    assert torch.equal(model.probabilities(short), model.probabilities(long))


@pytest.mark.parametrize("text", [[0], [0, 0, 0, 0], [0, 1, 2, 3], [1, 1, 2, 2, 1, 1, 2, 2]])
def test_tiny_texts(text):
    """Il manque toujours un compte de comptes : le modèle reste une probabilité."""
    for order in range(1, len(text) + 1):
        model = KneserNey(torch.tensor(text), order, 4)
        for context in ([], [0], [1, 1], [3, 2, 1]):
            assert abs(model.probabilities(torch.tensor(context, dtype=torch.int64)).sum() - 1) < 1e-12


def stepped(codes, state=None):
    model = KneserNey(markov(9), 2, 5)
    return model.step(codes, model.initial_state(1) if state is None else state)


NO_CODE = torch.zeros(0, dtype=torch.int64)


@pytest.mark.parametrize(
    ("call", "error", "received", "expected"),
    [
        (lambda: KneserNey([0, 1], 2, 2), TypeError, "list", "un tenseur"),
        (lambda: KneserNey(torch.ones(4), 2, 2), TypeError, "le type torch.float32", "torch.int64"),
        (lambda: KneserNey(torch.tensor([[0, 1]]), 2, 2), ValueError, r"la forme \(1, 2\)", r"\(N\)"),
        (lambda: KneserNey(torch.tensor([0, 5]), 2, 2), ValueError, "des codes de 0 à 5", "de 0 à 1"),
        (lambda: KneserNey(torch.tensor([0, 1]), 0, 2), ValueError, "0", "un entier strictement positif"),
        (lambda: KneserNey(torch.tensor([0, 1]), 2.0, 2), TypeError, "2.0", "un entier"),
        (lambda: KneserNey(torch.tensor([0, 1]), 2, True), TypeError, "True", "un entier"),
        (lambda: KneserNey(torch.tensor([0, 1]), 3, 2), ValueError, "2 caractères", "au moins 3, l'ordre"),
        (lambda: KneserNey(NO_CODE, 1, 2), ValueError, "0 caractères", "au moins 1"),
        (lambda: KneserNey(markov(9), 2, 5).probabilities([1]), TypeError, "list", "un tenseur"),
        (lambda: KneserNey(markov(9), 2, 5).probabilities(torch.tensor([5])), ValueError, "des codes", "de 0 à 4"),
        (lambda: KneserNey(markov(9), 2, 5).log_probabilities(torch.tensor([-1])), ValueError, "des codes", "de 0 à 4"),
        (lambda: stepped(torch.tensor([5])), ValueError, "des codes de 5 à 5", "de 0 à 4"),
        (lambda: stepped(torch.tensor([[1]])), ValueError, r"la forme \(1, 1\)", r"\(B\)"),
        (lambda: stepped(torch.tensor([1, 2])), ValueError, r"la forme \(1, 2\)", r"\(2, 2\)"),
        (lambda: stepped(torch.tensor([1]), torch.zeros(1, 2)), TypeError, "le type torch.float32", "torch.int64"),
        (lambda: KneserNey(markov(9), 2, 5).initial_state(0), ValueError, "0", "un entier strictement positif"),
    ],
)
def test_bad_inputs(call, error, received, expected):
    with refused(error, received, expected):
        call()
