"""Des textes de longueurs différentes en un lot : la marque, les longueurs, le masque, le décalage d'un pas."""

import random

import pytest
import torch
from outils import refused

from notebook_utils import (
    MARK,
    Vocabulary,
    decode_texts,
    encode_texts,
    marked_vocabulary,
    same_text,
    shifted,
    text_cross_entropy,
    text_lengths,
    written_steps,
)

VOCABULARY = marked_vocabulary("abcdé ")


def some_texts(number=30, seed=0, longest=12):
    drawn = random.Random(seed)
    return ["".join(drawn.choices("abcdé ", k=drawn.randint(0, longest))) for _ in range(number)]


def test_texts_come_back():
    texts = some_texts()
    codes = encode_texts(VOCABULARY, texts)
    assert codes.shape == (30, 1 + max(map(len, texts))) and codes.dtype == torch.int64
    assert decode_texts(VOCABULARY, codes) == texts
    assert text_lengths(codes).tolist() == [len(text) for text in texts]
    assert (codes[:, -1] == 0).all()  # chaque texte, le plus long compris, est fermé


def test_texts_may_come_from_a_generator():
    assert encode_texts(VOCABULARY, (text for text in ["ab", ""])).tolist() == [[1, 2, 0], [0, 0, 0]]


def test_what_follows_the_first_mark_does_not_count():
    codes = torch.tensor([[1, 0, 2, 3], [1, 2, 3, 4]])
    assert decode_texts(VOCABULARY, codes) == ["a", "abcd"]
    assert text_lengths(codes).tolist() == [1, 4]


def test_the_mask_counts_each_character_and_one_mark():
    """Oracle : écrit caractère par caractère."""
    texts = some_texts(seed=1)
    codes = encode_texts(VOCABULARY, texts)
    wanted = [[t <= len(text) for t in range(codes.shape[1])] for text in texts]
    assert written_steps(codes).tolist() == wanted


def test_the_decoder_reads_what_came_just_before():
    codes = encode_texts(VOCABULARY, some_texts(seed=2))
    source = torch.arange(30.0).view(30, 1)
    (same_source, read), targets = shifted(source, codes)
    assert same_source is source and targets is codes
    for t in range(codes.shape[1]):
        before = codes[:, t - 1] if t else torch.zeros(30, dtype=torch.int64)
        assert torch.equal(read[:, t], before)


def test_the_loss_is_a_mean_over_what_is_written():
    """Oracle : une boucle sur les caractères ; ce qui suit la fin peut valoir n'importe quoi."""
    texts = some_texts(8, seed=3)
    codes = encode_texts(VOCABULARY, texts)
    logits = torch.randn(*codes.shape, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    logp = logits.log_softmax(-1)
    terms = [-logp[b, t, codes[b, t]].item() for b, text in enumerate(texts) for t in range(len(text) + 1)]
    assert text_cross_entropy(logits, codes).item() == pytest.approx(sum(terms) / len(terms), rel=1e-12)
    logits[~written_steps(codes)] = 1e4
    assert text_cross_entropy(logits, codes).item() == pytest.approx(sum(terms) / len(terms), rel=1e-12)


def test_the_loss_sends_no_gradient_after_the_end():
    codes = encode_texts(VOCABULARY, some_texts(8, seed=4))
    logits = torch.randn(*codes.shape, 7, generator=torch.Generator().manual_seed(0), requires_grad=True)
    text_cross_entropy(logits, codes).backward()
    reached = logits.grad.abs().sum(-1) > 0
    assert torch.equal(reached, written_steps(codes))


def test_same_text_compares_up_to_the_end():
    """Oracle : les textes relus ; les tableaux n'ont pas la même largeur."""
    texts = some_texts(40, seed=5, longest=2)
    others = some_texts(39, seed=6, longest=2) + ["abcdé"]
    for first, second in ((texts, others), (others, texts)):
        codes = [encode_texts(VOCABULARY, part) for part in (first, second)]
        assert same_text(*codes).tolist() == [a == b for a, b in zip(first, second, strict=True)]
    assert same_text(torch.tensor([[1, 0, 3]]), torch.tensor([[1, 0, 2]])).item()


def test_a_text_without_end_is_another_text():
    """« ab » que rien ne ferme, dans un tableau de deux cases, est bien « ab », mais « abc » ne l'est pas."""
    written = torch.tensor([[1, 2]])
    assert same_text(written, torch.tensor([[1, 2, 0]])).item()
    assert not same_text(written, torch.tensor([[1, 2, 3]])).item()
    assert not same_text(written, torch.tensor([[1, 0, 0]])).item()


@pytest.mark.parametrize(
    ("call", "error", "received", "expected"),
    [
        (lambda: marked_vocabulary("a" + MARK), ValueError, "plusieurs fois '¶'", "une fois"),
        (lambda: marked_vocabulary(3), TypeError, "int", "une chaîne"),
        (lambda: encode_texts(Vocabulary("abc"), ["a"]), ValueError, "'a' pour code 0", "la marque"),
        (lambda: encode_texts("abc", ["a"]), TypeError, "str", "un Vocabulary"),
        (lambda: encode_texts(VOCABULARY, "abc"), TypeError, "'abc'", "une liste de chaînes"),
        (lambda: encode_texts(VOCABULARY, []), ValueError, r"\[\]", "une liste non vide"),
        (lambda: encode_texts(VOCABULARY, ["a", 3]), TypeError, r"\['a', 3\]", "une liste non vide de chaînes"),
        (lambda: encode_texts(VOCABULARY, ["a¶b"]), ValueError, "un texte qui contient la marque", "des textes sans"),
        (lambda: encode_texts(VOCABULARY, ["ax"]), ValueError, "1 caractère inconnu, 'x'", "l'un des 7 connus"),
        (lambda: decode_texts(VOCABULARY, torch.tensor([1])), ValueError, r"la forme \(1,\)", r"\(B, T\)"),
        (lambda: decode_texts(VOCABULARY, torch.tensor([[9]])), ValueError, "des codes de 9 à 9", "de 0 à 6"),
        (lambda: decode_texts(VOCABULARY, [[1]]), TypeError, "list", "un tenseur"),
        (lambda: text_lengths(torch.ones(2, 2)), TypeError, "le type torch.float32", "torch.int64"),
        (lambda: written_steps([1]), TypeError, "list", "un tenseur"),
        (lambda: shifted([1], torch.ones(1, 2, dtype=torch.int64)), TypeError, "list", "un tenseur"),
        (
            lambda: shifted(torch.ones(3, 2), torch.ones(1, 2, dtype=torch.int64)),
            ValueError, r"la forme \(3, 2\)", r"\(1, 2\)",
        ),
        (lambda: text_cross_entropy(torch.ones(1, 2, 3), [1]), TypeError, "list", "un tenseur"),
        (
            lambda: text_cross_entropy(torch.ones(1, 2, 3), torch.tensor([[1, 3]])),
            ValueError, "la classe 3", "des entiers de 0 à 2",
        ),
        (
            lambda: text_cross_entropy(torch.ones(1, 3, 3), torch.tensor([[1, 2]])),
            ValueError, "les formes", r"y de forme \(1, 3\)",
        ),
        (lambda: same_text(torch.ones(1, 2), torch.tensor([[1]])), TypeError, "le type torch.float32", "torch.int64"),
        (
            lambda: same_text(torch.tensor([[1]]), torch.tensor([[1], [1]])),
            ValueError, r"la forme \(2, 1\)", r"\(1, T\)",
        ),
    ],
)  # fmt: skip
def test_bad_inputs(call, error, received, expected):
    with refused(error, received, expected):
        call()
