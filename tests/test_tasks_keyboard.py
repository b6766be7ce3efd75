"""Le clavier : mots, touches, frappes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebook_utils.tasks import WordEndings, keypad_keys, keystrokes, words_of


@settings(max_examples=80, deadline=None)
@given(text=st.text(alphabet="aéZ '.3_\n", max_size=40))
def test_words_are_the_runs_of_letters(text):
    found = words_of(text)
    assert all(text[start : start + len(word)] == word and word.isalpha() for start, word in found)
    assert sum(len(word) for _, word in found) == sum(symbol.isalpha() for symbol in text)
    assert keystrokes(text, lambda place: ()) == len(text)


@pytest.mark.parametrize(
    ("word", "keys"),
    [
        ("abcdefghijklm", "2223334445556"),
        ("nopqrstuvwxyz", "6677778889999"),
        ("œuf", "6383"),
        ("Ça", "22"),
        ("noël", "6635"),
        ("π", "*"),
    ],
)
def test_keys(word, keys):
    assert keypad_keys(word) == keys


def test_accepting_costs_one_and_saves_the_rest():
    """« dormir » proposé après « do » : d, o, une frappe ; les autres caractères se tapent."""
    offers = {2: ["rmir", "nner"], 8: ["ien"]}
    assert keystrokes("dormir bien.", lambda place: offers.get(place, [])) == 3 + 1 + 1 + 1 + 1
    # une proposition fausse, ou qui n'est pas exactement la fin, n'épargne rien
    assert keystrokes("dormir", lambda place: ["rmi", "rmirent", ""]) == 6


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: words_of(3), TypeError, "text : reçu int"),
        (lambda: keypad_keys(""), ValueError, "chaîne vide"),
        (lambda: keystrokes("a", ["b"]), TypeError, "une fonction suggest"),
        (lambda: keystrokes(None, len), TypeError, "text : reçu NoneType"),
        (lambda: WordEndings(3), TypeError, "text : reçu int"),
        (lambda: WordEndings("a", -1), ValueError, "longest : reçu -1"),
        (lambda: WordEndings("a")(3), TypeError, "prefix : reçu int"),
        (lambda: WordEndings("a")("a", 3), TypeError, "history : reçu 3"),
        (lambda: WordEndings("a")("a", number=0), ValueError, "number : reçu 0"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


READ = "la porte ouvre, la porte ferme, la porte ouvre ; une porte fond"


@pytest.mark.parametrize(
    ("longest", "prefix", "history", "expected"),
    [
        (2, "", ["la", "porte"], ["ouvre", "ferme", "fond"]),  # deux mots, puis un seul
        (2, "f", ["la", "porte"], ["erme", "ond"]),
        (1, "", ["une", "porte"], ["ouvre", "ferme", "fond"]),
        (2, "", ["une", "porte"], ["fond", "ouvre", "ferme"]),
        (0, "", ["une", "porte"], ["porte", "la", "ouvre"]),
        (2, "port", [], ["e"]),
        (2, "porte", [], []),  # le mot est déjà entier
        (2, "z", ["la"], []),
    ],
)
def test_word_endings_fall_back_on_shorter_histories(longest, prefix, history, expected):
    assert WordEndings(READ, longest)(prefix, history) == expected


def test_as_many_endings_as_asked():
    assert WordEndings(READ)("", ["la", "porte"], number=1) == ["ouvre"]
