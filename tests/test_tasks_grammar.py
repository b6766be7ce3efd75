"""La petite grammaire : accords, relations, ensembles."""

import pytest
import torch

from notebook_utils.tasks import Grammar
from notebook_utils.tasks import grammar as module

GRAMMAR = Grammar()
SENTENCES = [
    s.split() for s in GRAMMAR.decode(GRAMMAR.sample(3_000, generator=torch.Generator().manual_seed(0), split="all"))
]
FORMS = {form: k for row in GRAMMAR._nouns for k, form in enumerate(row[:4])}
VERBS = {form: k for row in (*GRAMMAR._verbs, (*module._SPEAK, "")) for k, form in enumerate(row[:6])}
WHEN = {word: tense for tense, words in enumerate(GRAMMAR._when) for word in words}
PLACES = {word: row for row in GRAMMAR._countries for word in row}


def subjects():
    return [(s, [FORMS[w] for w in s if w in FORMS], [VERBS[w] for w in s if w in VERBS]) for s in SENTENCES]


def test_agreement():
    """Déterminants et adjectifs s'accordent avec le nom, le verbe avec le nombre, le temps avec ce qui dit quand."""
    agreeing = {w: k for rows in (GRAMMAR._before, GRAMMAR._after) for row in rows for k, w in enumerate(row)}
    seen = 0
    for sentence, nouns, verbs in subjects():
        assert len(nouns) <= 1 and len(verbs) <= 1
        for form in nouns:
            assert all(agreeing[w] == form for w in sentence if w in agreeing)
            assert sum(w in GRAMMAR._determiners[form] for w in sentence) == 1
            assert verbs[0] % 2 == form % 2
            seen += 1
        assert all(WHEN[w] == verbs[0] // 2 for w in sentence if w in WHEN)
    assert seen > 1_500


def test_each_country_has_its_own():
    for sentence in SENTENCES:
        assert len({PLACES[w] for w in sentence if w in PLACES}) <= 1
    assert len({word for row in GRAMMAR._countries for word in row}) == 3 * len(GRAMMAR._countries)


def test_a_noun_has_a_favourite_verb():
    """Le favori vient plus d'une fois sur deux, le hasard l'aidant."""
    rank = {w: k for k, row in enumerate(GRAMMAR._nouns) for w in row[:4]}
    favourite = {w: k for k, row in enumerate(GRAMMAR._verbs) for w in row[:6]}
    pairs = [(rank[n], favourite[v]) for s in SENTENCES for n in s if n in rank for v in s if v in favourite]
    assert 0.48 < sum(a == b for a, b in pairs) / len(pairs) < 0.6


def test_every_word_is_used_and_known_once():
    used = {word for s in SENTENCES for word in s}
    assert used == set(GRAMMAR.words[1:]) and len(set(GRAMMAR.words)) == len(GRAMMAR)


def test_relations_are_made_of_words():
    for name, pairs in GRAMMAR.relations.items():
        words = [word for pair in pairs for word in pair]
        assert len(set(words)) == len(words), name  # aucun mot ne sert deux fois
        assert set(words) <= set(GRAMMAR.words), name
    assert ("chats", "chattes") in GRAMMAR.relations["genre"] and ("chatte", "chattes") in GRAMMAR.relations["nombre"]
    assert ("dort", "dormait") in GRAMMAR.relations["imparfait"] and ("dort", "dorment") in GRAMMAR.relations[
        "nombre du verbe"
    ]


def test_splits_are_disjoint_and_repeatable():
    draw = [
        GRAMMAR.sample(400, generator=torch.Generator().manual_seed(3), split=s) for s in ("train", "train", "test")
    ]
    assert torch.equal(draw[0], draw[1])
    assert set(GRAMMAR.split_of(draw[0])) == {"train"} and set(GRAMMAR.split_of(draw[2])) == {"test"}
    both = GRAMMAR.split_of(GRAMMAR.sample(2_000, generator=torch.Generator().manual_seed(4), split="all"))
    assert 0.2 < both.count("test") / len(both) < 0.3


def test_encode_and_decode():
    codes = GRAMMAR.encode(["le chat dort", "à Paris on parle français"])
    assert codes.shape == (2, 6) and codes[0, 3:].tolist() == [0, 0, 0]
    assert GRAMMAR.decode(codes) == ["le chat dort", "à Paris on parle français"]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: GRAMMAR.encode([]), ValueError, "liste vide"),
        (lambda: GRAMMAR.encode(["le chien aboie ¶"]), ValueError, "mots inconnus, aboie ¶"),
        (lambda: GRAMMAR.encode("le chat"), TypeError, "sentences"),
        (lambda: GRAMMAR.encode([3]), TypeError, "reçu int"),
        (lambda: GRAMMAR.decode(torch.zeros(2, 2)), TypeError, "codes"),
        (lambda: GRAMMAR.sample(0, generator=torch.Generator()), ValueError, "number : reçu 0"),
        (lambda: GRAMMAR.sample(1, generator=0), TypeError, "generator"),
        (lambda: GRAMMAR.sample(1, generator=torch.Generator(), split="dev"), ValueError, "split : reçu 'dev'"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
