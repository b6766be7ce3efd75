"""Chercher quoi écrire : contre l'énumération de tous les textes d'un petit vocabulaire."""

from itertools import product

import pytest
import torch
from outils import new_generator, normal, refused

from notebook_utils import GRU, LSTM, Decoder, beam_search, greedy, log_probability, sample

V, LENGTH, H = 4, 4, 5


def network(kind=LSTM, seed=0, sharp=6.0):
    """Un décodeur tiré au hasard, aux avis tranchés, et deux états de départ."""
    g = new_generator(seed)
    decoder = Decoder(kind(3, H, generator=g, dtype=torch.float64), V, 2, generator=g)
    with torch.no_grad():
        decoder.W_y.mul_(sharp)
    return decoder.step, decoder.start(normal(2, 2, seed=seed))


def texts(end=0):
    """Tous les textes : terminés par ``end``, ou de longueur LENGTH ; ce qui suit la fin vaut ``end``."""
    found = set()
    for codes in product(range(V), repeat=LENGTH):
        stop = codes.index(end) if end is not None and end in codes else LENGTH
        found.add(codes[:stop] + (end,) * (LENGTH - stop))
    return torch.tensor(sorted(found))


def by_hand(step, state, row, codes, end=0):
    """Oracle : la log-probabilité d'un texte, somme d'une boucle sur ses caractères, pour une ligne de l'état."""
    state = type(state)(*(part[row : row + 1] for part in state)) if isinstance(state, tuple) else state[row : row + 1]
    total, read = 0.0, torch.tensor([0])
    for code in codes.tolist():
        logits, state = step(read, state)
        total += torch.log_softmax(logits[0], dim=0)[code].item()
        if code == end:
            break
        read = torch.tensor([code])
    return total


@pytest.mark.parametrize("kind", [LSTM, GRU])
@pytest.mark.parametrize("end", [0, 2, None])
def test_scores_against_a_loop(kind, end):
    step, state = network(kind)
    everything = texts(end)
    for codes in everything[:: max(1, len(everything) // 20)]:
        found = log_probability(step, state, codes.expand(2, -1), end=end)
        wanted = [by_hand(step, state, row, codes, end) for row in range(2)]
        assert found.tolist() == pytest.approx(wanted, rel=1e-10)


def test_the_probabilities_of_all_texts_sum_to_one():
    step, state = network()
    total = sum(log_probability(step, state, codes.expand(2, -1)).exp() for codes in texts())
    assert total.tolist() == pytest.approx([1, 1], rel=1e-10)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("end", [0, None])
def test_a_wide_beam_is_an_exhaustive_search(seed, end):
    """Tous les textes, dans l'ordre de leur probabilité."""
    step, state = network(seed=seed)
    width = V ** (LENGTH - 1)
    codes, scores = beam_search(step, state, width=width, length=LENGTH, end=end)
    everything = texts(end)
    for row in range(2):
        wanted = sorted((by_hand(step, state, row, text, end) for text in everything), reverse=True)[:width]
        assert scores[row].tolist() == pytest.approx(wanted, rel=1e-9)
        assert by_hand(step, state, row, codes[row, 0], end) == pytest.approx(wanted[0], rel=1e-9)
        assert len({tuple(text) for text in codes[row].tolist()}) == width


@pytest.mark.parametrize("width", [1, 2, 3, 7])
def test_a_narrow_beam(width):
    """Oracle : le faisceau écrit avec des listes, un exemple à la fois."""
    for seed in range(4):
        step, state = network(seed=seed)
        codes, scores = beam_search(step, state, width=width, length=LENGTH)
        for row in range(2):
            kept = [()]
            for _ in range(LENGTH):
                longer = [
                    text + (0,) if 0 in text else text + (code,)
                    for text in kept
                    for code in (range(1) if 0 in text else range(V))
                ]
                longer.sort(key=lambda text: -by_hand(step, state, row, torch.tensor(text)))
                kept = longer[:width]
            assert [tuple(text) for text in codes[row].tolist()] == [
                text[: codes.shape[2]] for text in kept
            ]
            wanted = [by_hand(step, state, row, torch.tensor(text)) for text in kept]
            assert scores[row].tolist() == pytest.approx(wanted, rel=1e-9)


def test_a_beam_of_one_is_greedy():
    for seed in range(6):
        step, state = network(seed=seed)
        codes, scores = beam_search(step, state, width=1, length=9)
        written = greedy(step, state, length=9)
        assert torch.equal(codes[:, 0], written)
        torch.testing.assert_close(log_probability(step, state, written), scores[:, 0])


def test_a_beam_can_beat_greed():
    """Parmi vingt réseaux, le faisceau trouve au moins une fois mieux, et jamais moins bien ici."""
    gains = []
    for seed in range(20):
        step, state = network(seed=seed)
        best = beam_search(step, state, width=64, length=LENGTH)[1][:, 0]
        gains.append(best - log_probability(step, state, greedy(step, state, length=LENGTH)))
    gains = torch.stack(gains)
    assert gains.min() > -1e-9 and (gains > 0.01).any()


def test_greedy_follows_the_best_character():
    step, state = network(GRU)
    written = greedy(step, state, length=LENGTH, end=None)
    read = torch.zeros(2, dtype=torch.int64)
    for t in range(LENGTH):
        logits, state = step(read, state)
        read = logits.argmax(dim=1)
        assert torch.equal(written[:, t], read)


def test_writing_stops_when_every_text_is_ended():
    def step(codes, state):
        """Le premier exemple s'arrête au deuxième pas, l'autre au quatrième."""
        state = state + 1
        over = state[:, 0] >= torch.tensor([2, 4])
        return torch.where(over[:, None], torch.tensor([9.0, 0, 0]), torch.tensor([0.0, 9, 0])), state

    start = torch.zeros(2, 1)
    assert greedy(step, start, length=50).tolist() == [[1, 0, 0, 0], [1, 1, 1, 0]]
    assert sample(step, start, length=50, generator=new_generator(), temperature=0.1).shape == (2, 4)
    codes, _ = beam_search(lambda c, s: step(c, s), start, width=1, length=50)
    assert codes.tolist() == [[[1, 0, 0, 0]], [[1, 1, 1, 0]]]


def test_forbidden_codes_are_never_written():
    step, state = network(sharp=1.0)
    for forbidden in ([1], [0, 3], (2, 2)):
        found = [
            greedy(step, state, length=8, forbidden=forbidden),
            sample(step, state, length=8, generator=new_generator(), temperature=3.0, forbidden=forbidden),
            *beam_search(step, state, width=3, length=8, forbidden=forbidden)[:1],
        ]
        assert not any(torch.isin(codes, torch.tensor(forbidden)).any() for codes in found)


def test_more_room_than_texts():
    """Trois places, deux textes possibles d'un caractère : la troisième a la probabilité zéro."""
    step, state = network()
    codes, scores = beam_search(step, state, width=3, length=1, forbidden=[0, 1])
    assert torch.isinf(scores[:, 2]).all() and torch.isfinite(scores[:, :2]).all()
    assert {tuple(sorted(row)) for row in codes[:, :2, 0].tolist()} == {(2, 3)}


def test_what_is_read_first_can_be_chosen():
    step, state = network()
    first = torch.tensor([1, 3])
    logits, _ = step(first, state)
    assert torch.equal(greedy(step, state, length=1, first=first)[:, 0], logits.argmax(dim=1))
    wanted = logits.log_softmax(1)[:, 2]
    codes = torch.full((2, 1), 2)
    torch.testing.assert_close(log_probability(step, state, codes, first=first), wanted)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_sampling_has_the_right_frequencies(temperature):
    """Vingt mille tirages du premier caractère ; l'écart permis est de cinq écarts types."""
    logits = torch.tensor([0.0, 1.0, 2.0, -1.0], dtype=torch.float64)
    n = 20_000
    written = sample(
        lambda codes, state: (logits.expand(len(codes), -1), state), torch.zeros(n, 1), length=1,
        generator=new_generator(), temperature=temperature,
    )  # fmt: skip
    found = torch.bincount(written[:, 0], minlength=4) / n
    wanted = torch.softmax(logits / temperature, dim=0)
    assert ((found - wanted).abs() < 5 * (wanted * (1 - wanted) / n).sqrt()).all()


def test_sampling_is_reproducible_and_local():
    step, state = network(sharp=1.0)
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first, again, other = (
        sample(step, state, length=30, generator=new_generator(seed), end=None) for seed in (0, 0, 1)
    )
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(before, torch.get_rng_state())


def test_a_cold_sample_is_greedy():
    step, state = network()
    cold = sample(step, state, length=6, generator=new_generator(), temperature=1e-6)
    assert torch.equal(cold, greedy(step, state, length=6))


def test_no_gradient_is_kept():
    step, state = network()
    assert not log_probability(step, state, torch.ones(2, 3, dtype=torch.int64)).requires_grad
    assert not beam_search(step, state, width=2, length=3)[1].requires_grad


STEP, STATE = network()


@pytest.mark.parametrize(
    ("call", "error", "received", "expected"),
    [
        (lambda: greedy(3, STATE, length=2), TypeError, "3", "une fonction"),
        (lambda: greedy(STEP, None, length=2), TypeError, "NoneType", "un tenseur"),
        (lambda: greedy(STEP, (), length=2), TypeError, "tuple", "un tenseur"),
        (lambda: greedy(STEP, STATE, length=0), ValueError, "0", "un entier strictement positif"),
        (lambda: greedy(STEP, STATE, length=2, first=torch.tensor([1])), ValueError, r"la forme \(1,\)", r"\(2\)"),
        (lambda: greedy(STEP, STATE, length=2, first=torch.ones(2)), TypeError, "le type torch.float32", "torch.int64"),
        (lambda: greedy(STEP, STATE, length=2, end=9), ValueError, "le code 9", "de 0 à 3"),
        (lambda: greedy(STEP, STATE, length=2, end=-1), ValueError, "-1", "un entier positif ou nul"),
        (lambda: greedy(STEP, STATE, length=2, forbidden=[7]), ValueError, "le code 7", "de 0 à 3"),
        (lambda: greedy(STEP, STATE, length=2, forbidden=3), TypeError, "3", "une liste de codes"),
        (lambda: greedy(STEP, STATE, length=2, forbidden=range(4)), ValueError, "les 4 codes", "qu'il en reste un"),
        (lambda: greedy(lambda c, s: (None, s), STATE, length=2), TypeError, "NoneType", "une fonction qui rend"),
        (lambda: sample(STEP, STATE, length=2, generator=0), TypeError, "int", "un torch.Generator"),
        (
            lambda: sample(STEP, STATE, length=2, generator=new_generator(), temperature=0),
            ValueError, "0", "un nombre strictement positif",
        ),
        (lambda: beam_search(STEP, STATE, width=0, length=2), ValueError, "0", "un entier strictement positif"),
        (lambda: log_probability(STEP, STATE, torch.tensor([[1]])), ValueError, r"la forme \(1, 1\)", r"\(2, T\)"),
        (
            lambda: log_probability(STEP, STATE, torch.tensor([[1], [4]])),
            ValueError, "des codes de 1 à 4", "de 0 à 3",
        ),
    ],
)  # fmt: skip
def test_bad_inputs(call, error, received, expected):
    with refused(error, received, expected):
        call()
