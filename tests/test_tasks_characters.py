"""Le texte : vocabulaire, colonnes et fenêtres, comparés à un découpage fait à la main."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from notebook_utils.tasks import Vocabulary, split_text, text_columns, text_windows

ALPHABET = "abcdefghijklmnopqrstuvwx"
texts = st.text(min_size=1, max_size=80)


def test_alphabet_of_the_course():
    """De a à x en 4 colonnes de 6, fenêtres de 3 : les matrices du chapitre."""
    vocabulary = Vocabulary.from_text(ALPHABET)
    columns = text_columns(vocabulary.encode(ALPHABET), 4)
    assert [vocabulary.decode(column) for column in columns] == ["abcdef", "ghijkl", "mnopqr", "stuvwx"]
    windows = list(text_windows(columns, 3))
    assert len(windows) == 1
    x, y = ([" ".join(vocabulary.decode(row)) for row in part.T] for part in windows[0])
    assert x == ["a g m s", "b h n t", "c i o u"]
    assert y == ["b h n t", "c i o u", "d j p v"]


@settings(max_examples=60, deadline=None)
@given(text=texts)
def test_decode_is_the_inverse_of_encode(text):
    vocabulary = Vocabulary.from_text(text)
    codes = vocabulary.encode(text)
    assert codes.dtype == torch.int64 and codes.shape == (len(text),)
    assert vocabulary.decode(codes) == text
    assert set(codes.tolist()) == set(range(len(vocabulary)))
    assert list(vocabulary.symbols) == sorted(set(text))
    one_hot = vocabulary.one_hot(codes)
    assert one_hot.shape == (len(text), len(vocabulary)) and one_hot.dtype == torch.float32
    assert torch.equal(one_hot.argmax(dim=1), codes) and (one_hot.sum(dim=1) == 1).all()


@settings(max_examples=100, deadline=None)
@given(N=st.integers(1, 200), B=st.integers(1, 8), T=st.integers(1, 12))
def test_columns_and_windows(N, B, T):
    """Chaque entrée est à sa place dans le flux, sa cible la suit, et seul le reste annoncé manque."""
    if N // B < T + 1:
        return
    flow = 7 * torch.arange(N)  # le code dit la place
    columns = text_columns(flow, B)
    M = N // B
    assert columns.tolist() == [[7 * (b * M + t) for t in range(M)] for b in range(B)]
    windows = list(text_windows(columns, T))
    assert len(windows) == (M - 1) // T
    assert all(x.shape == y.shape == (B, T) for x, y in windows)
    read = torch.cat([x for x, _ in windows], dim=1)
    assert torch.equal(read, columns[:, : read.shape[1]]) and M - 1 - read.shape[1] < T
    assert all(torch.equal(y, x + 7) for x, y in windows)


def test_one_window_reads_everything():
    columns = torch.arange(24).view(4, 6)
    ((x, y),) = text_windows(columns, 5)
    assert torch.equal(x, columns[:, :-1]) and torch.equal(y, columns[:, 1:])


def test_windows_make_no_copy():
    flow = torch.arange(24)
    x, _ = next(text_windows(text_columns(flow, 4), 3))
    assert x.data_ptr() == flow.data_ptr()


@settings(max_examples=60, deadline=None)
@given(text=st.text(min_size=20, max_size=90), fraction=st.floats(0.1, 0.9))
def test_split_loses_nothing(text, fraction):
    train, test = split_text(text, fraction)
    assert train + test == text and abs(len(test) - fraction * len(text)) <= 0.5 + 1e-9


def test_unknown_characters_are_shown():
    """Le message montre chaque caractère inconnu, et où il est d'abord."""
    vocabulary = Vocabulary("abc ")
    with pytest.raises(ValueError, match=r"reçu 2 caractères inconnus, '\\n' \(indice 5\) et 'é' \(indice 1\) ; "):
        vocabulary.encode("aébcé\n")
    with pytest.raises(ValueError, match=r"reçu 1 caractère inconnu, 'z' \(indice 0\) ; attendu l'un des 4 connus"):
        vocabulary.encode("z")


def test_composed_and_combining_accents_differ():
    """Aucune normalisation : « é » en deux caractères n'est pas « é » en un."""
    with pytest.raises(ValueError, match="reçu 2 caractères inconnus"):
        Vocabulary("é").encode("e\u0301")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Vocabulary(""), ValueError, "symbols : reçu une chaîne vide"),
        (lambda: Vocabulary("abca"), ValueError, "symbols : reçu plusieurs fois 'a'"),
        (lambda: Vocabulary(["a"]), TypeError, "symbols : reçu list, attendu une chaîne"),
        (lambda: Vocabulary.from_text(b"abc"), TypeError, "text : reçu bytes"),
        (lambda: Vocabulary("abc").encode(""), ValueError, "text : reçu une chaîne vide"),
        (lambda: Vocabulary("abc").encode(3), TypeError, "text : reçu int"),
        (lambda: Vocabulary("abc").decode([0]), TypeError, "codes : reçu list"),
        (lambda: Vocabulary("abc").decode(torch.zeros(2)), TypeError, "codes : reçu le type torch.float32"),
        (lambda: Vocabulary("abc").decode(torch.tensor([3])), ValueError, "codes de 3 à 3, attendu de 0 à 2"),
        (lambda: Vocabulary("abc").decode(torch.tensor([-1])), ValueError, "codes de -1 à -1"),
        (lambda: Vocabulary("abc").decode(torch.zeros(2, 2).long()), ValueError, r"attendu \(N\)"),
        (lambda: Vocabulary("abc").one_hot(torch.tensor([[3]])), ValueError, "attendu de 0 à 2"),
        (lambda: Vocabulary("abc").one_hot(torch.tensor([float("nan")])), TypeError, "attendu torch.int64"),
        (lambda: Vocabulary("abc").one_hot(None), TypeError, "codes : reçu NoneType"),
        (lambda: split_text("abc", 0.0), ValueError, r"test_fraction : reçu 0.0, attendu un nombre dans \]0, 1\["),
        (lambda: split_text("abc", float("nan")), ValueError, "test_fraction : reçu nan"),
        (lambda: split_text("abc", "0.1"), TypeError, "test_fraction : reçu '0.1'"),
        (lambda: split_text("abc", 0.1), ValueError, "text : reçu 3 caractères, attendu assez"),
        (lambda: split_text(None), TypeError, "text : reçu NoneType"),
        (lambda: text_columns(torch.arange(3), 4), ValueError, "codes : reçu 3 caractères, attendu au moins 4"),
        (lambda: text_columns(torch.arange(3), 0), ValueError, "columns : reçu 0"),
        (lambda: text_columns(torch.arange(3), 1.0), TypeError, "columns : reçu 1.0"),
        (lambda: text_columns(torch.arange(3.0), 1), TypeError, "codes : reçu le type torch.float32"),
        (lambda: text_columns(torch.tensor([-1, 2]), 1), ValueError, "de -1 à 2, attendu positifs ou nuls"),
        (lambda: text_columns("abc", 1), TypeError, "codes : reçu str"),
        (lambda: text_windows(torch.arange(6).view(2, 3), 3), ValueError, "3 caractères, attendu au moins 4"),
        (lambda: text_windows(torch.arange(6).view(2, 3), -1), ValueError, "length : reçu -1"),
        (lambda: text_windows(torch.arange(6), 1), ValueError, r"columns : reçu la forme \(6,\), attendu \(B, M\)"),
        (lambda: text_windows(torch.ones(2, 3), 1), TypeError, "columns : reçu le type torch.float32"),
    ],
)
def test_bad_inputs(call, error, message):
    with pytest.raises(error, match=message):
        call()
