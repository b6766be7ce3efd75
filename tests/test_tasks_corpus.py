"""Le corpus figé, et ce qui l'extrait des chapitres."""

import hashlib
from collections import Counter

import corpus as script
import pytest
import torch

from notebook_utils.tasks import UNKNOWN, Corpus, longest_copy
from notebook_utils.tasks import corpus as module

COURSE = Corpus.course()
ROWS = [f"{k:04d}\n" for k in range(100)]  # chaque ligne dit sa place
PAGE = """\
---
kernelspec:
  name: python3
---

(chap-page)=
# Un titre

L'état vaut $h_t$, et `torch` le dit ; voir {numref}`fig-page` et {glue:text}`page-n`.
Une {term}`cellule` *simple*.

$$
h_t = \\tanh(a_t)
$$ (eq-page)

```{code-cell} ipython3
print("du code")
```

| Nom | Valeur |
|---|---|
| un nombre | 3 |

```{exercise} Calcul (★, 5 min) : un exercice
:label: exo-page
Combien vaut $h_1$ ?
```

```{solution-start} exo-page
```

Il vaut $0$.

```{solution-end}
```
"""
PROSE = """\
Un titre
L'état vaut X, et X le dit ; voir figure et X.
Une cellule simple.
Calcul (★, 5 min) : un exercice
Combien vaut X ?
Il vaut X.
"""


def test_the_snapshot_is_the_one_announced():
    """Le fichier livré est celui de l'empreinte ; il est assez long, et tient sur les chapitres du cours."""
    octets = (script.DATA / f"cours-{module._VERSION}.txt").read_bytes()
    assert hashlib.sha256(octets).hexdigest() == module._SHA256
    assert COURSE.count() > 150_000 and {"rnn", "lstm", "gru", "echo"} < set(COURSE.names)


def test_a_damaged_snapshot_is_refused(monkeypatch):
    monkeypatch.setattr(module, "_SHA256", "0" * 64)
    with pytest.raises(OSError, match="l'extrait du cours est abîmé"):
        Corpus.course()


def test_the_snapshot_is_prose():
    """Ni balise, ni formule, ni code, ni ligne de tableau."""
    text = "".join(text for _, text in COURSE.chapters)
    assert not set("`{}$\\_|") & set(text)
    assert ":::" not in text and "numref" not in text and "glue" not in text


def test_only_prose_is_taken_from_a_page(tmp_path):
    """D'une page faite à la main : les phrases, leurs formules en « X », et rien d'autre."""
    page = tmp_path / "page.md"
    page.write_text(PAGE, "utf-8")
    assert script.chapter_text(page) == PROSE


def test_a_version_once_written_never_changes(monkeypatch, tmp_path):
    monkeypatch.setattr(script, "DATA", tmp_path)
    script.main(["7"])
    written = (tmp_path / "cours-7.txt").read_text("utf-8")
    assert written == script.course_text() and written.startswith("# index\n") and written.count("\n# ") > 10
    assert [path.name for path in tmp_path.iterdir()] == ["cours-7.txt"]
    with pytest.raises(SystemExit, match="existe déjà"):
        script.main(["7"])
    for wrong in ([], ["x"], ["1", "2"]):
        with pytest.raises(SystemExit, match="usage"):
            script.main(wrong)


def test_blocks_share_the_text():
    """Sur dix blocs : huit, un, un ; réunis dans l'ordre, ils redonnent le texte."""
    corpus = Corpus.from_text("".join(ROWS), block_size=20, rare=1)
    assert corpus.blocks("all") == ["".join(ROWS[k : k + 4]) for k in range(0, 100, 4)]
    assert corpus.blocks("choice") == [corpus.blocks("all")[k] for k in (8, 18)]
    assert corpus.blocks("test") == [corpus.blocks("all")[k] for k in (9, 19)]
    parts = [set(corpus.blocks(split)) for split in ("train", "choice", "test")]
    assert set.union(*parts) == set(corpus.blocks("all")) and sum(map(len, parts)) == 25
    assert corpus.count() == 500 and corpus.count("choice") == 40


def test_the_vocabulary_comes_from_training_alone():
    """Un symbole que seul le test contient, ou trop rare, devient « □ »."""
    text = "abc\n" * 36 + "abz\n" * 4 + "abc\n" * 40
    corpus = Corpus.from_text(text, block_size=16, rare=5)
    assert "z" in corpus.blocks("test")[0] and corpus.vocabulary.symbols == f"\nabc{UNKNOWN}"
    assert corpus.fold("zab\n") == f"{UNKNOWN}ab\n" and corpus.fold("") == ""
    counts = Counter("".join(COURSE.blocks("train")))
    assert all((counts[s] >= COURSE.rare) == (s in COURSE.vocabulary.symbols) for s in counts)


def test_stream_shuffles_packs_and_loses_nothing():
    corpus = Corpus.from_text("".join(ROWS), block_size=20, rare=1)
    plain = corpus.vocabulary.decode(corpus.stream("train"))
    assert plain == "".join(corpus.blocks("train"))
    drawn = [corpus.stream("train", generator=torch.Generator().manual_seed(s), pack=10) for s in (0, 0, 1)]
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])
    rows = corpus.vocabulary.decode(drawn[0]).splitlines()
    assert rows != plain.splitlines() and sorted(rows) == sorted(plain.splitlines())
    pairs = {tuple(rows[k : k + 2]) for k in range(0, len(rows), 2)}  # deux lignes par paquet, restées ensemble
    assert pairs == {tuple(plain.splitlines()[k : k + 2]) for k in range(0, len(rows), 2)}


def test_a_chapter_is_put_aside():
    rest, text = COURSE.without("gru")
    assert "gru" not in rest.names and len(rest.names) == len(COURSE.names) - 1
    assert rest.count() + len(text) == COURSE.count() and rest.block_size == COURSE.block_size


@pytest.mark.parametrize(
    ("text", "source", "expected"),
    [
        ("abcd", "xbcdx", "bcd"),
        ("abab", "ba", "ba"),
        ("abc", "", ""),
        ("", "abc", ""),
        ("aab", "ab", "ab"),
        ("ab", "ba", "a"),
    ],
)
def test_longest_copy(text, source, expected):
    assert longest_copy(text, source) == expected


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Corpus.from_text("court\n"), ValueError, "reçu 1 blocs de 3000 caractères, attendu au moins 10"),
        (lambda: Corpus.from_text(3), TypeError, "text : reçu int"),
        (lambda: Corpus([]), TypeError, "attendu des couples"),
        (lambda: Corpus([("a",)]), TypeError, "attendu un couple"),
        (lambda: Corpus([("a", "x\n"), ("a", "y\n")]), ValueError, "reçu 2 chapitres de 1 noms"),
        (lambda: COURSE.blocks("apprentissage"), ValueError, "split : reçu 'apprentissage'"),
        (lambda: COURSE.without("attention"), ValueError, "name : reçu 'attention'"),
        (lambda: COURSE.stream(pack=0), ValueError, "pack : reçu 0"),
        (lambda: COURSE.stream(generator=3), TypeError, "generator"),
        (lambda: longest_copy("a", None), TypeError, "source : reçu NoneType"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
