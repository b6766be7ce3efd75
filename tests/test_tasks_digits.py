"""Les chiffres manuscrits : mots relus autrement, images relues une à une, ensembles disjoints."""

from collections import Counter

import pytest
import torch
from outils import new_generator, same

from notebook_utils.tasks.digits import (
    DigitPairs,
    Digits,
    digit_words,
    fit_classifier,
    number_words,
    split_numbers,
)

VALUES = {
    "zéro": 0, "un": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7, "huit": 8, "neuf": 9,
    "dix": 10, "onze": 11, "douze": 12, "treize": 13, "quatorze": 14, "quinze": 15, "seize": 16,
    "vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60,
}  # fmt: skip


def value(text):
    """Lit un nombre français : « quatre-vingt » multiplie, le reste s'ajoute."""
    parts = [part for part in text.split("-") if part != "et"]
    total = 0
    for part in parts:
        total = total * 20 if part.startswith("vingt") and total == 4 else total + VALUES[part]
    return total


def source():
    from sklearn.datasets import load_digits

    return load_digits()


def test_numbers_in_words_are_read_back():
    texts = [number_words(number) for number in range(100)]
    assert [value(text) for text in texts] == list(range(100)) and len(set(texts)) == 100


def test_spelling_written_by_hand():
    """Les cas que les règles pourraient manquer, écrits d'après une grammaire."""
    expected = {
        0: "zéro", 10: "dix", 16: "seize", 17: "dix-sept", 20: "vingt", 21: "vingt-et-un", 22: "vingt-deux",
        61: "soixante-et-un", 70: "soixante-dix", 71: "soixante-et-onze", 77: "soixante-dix-sept",
        80: "quatre-vingts", 81: "quatre-vingt-un", 90: "quatre-vingt-dix", 91: "quatre-vingt-onze",
        99: "quatre-vingt-dix-neuf",
    }  # fmt: skip
    assert {number: number_words(number) for number in expected} == expected


def test_digit_by_digit():
    for number in range(100):
        assert [VALUES[word] for word in digit_words(number).split("-")] == [number // 10, number % 10]


@pytest.mark.parametrize("blocks", [False, True])
def test_images_are_those_of_scikit_learn(blocks):
    """Les pixels, les chiffres et les mots sont ceux du fichier, dans son ordre."""
    task, found = Digits(blocks), source()
    images, codes = task.every()
    assert torch.equal(images * 16, torch.tensor(found.images, dtype=torch.float32))
    assert task.labels(images).tolist() == found.target.tolist()
    assert task.decode_targets(codes) == [number_words(digit) for digit in found.target]
    assert task.decode(images) == list(range(1797))


@pytest.mark.parametrize("blocks", [False, True])
def test_sets_are_disjoint_stratified_and_complete(blocks):
    task = Digits(blocks)
    rows = {split: task.decode(task.every(split).inputs) for split in ("train", "choice", "test")}
    assert sorted(sum(rows.values(), [])) == list(range(1797))
    assert {split: len(found) for split, found in rows.items()} == {
        split: task.count(split) for split in ("train", "choice", "test")
    }
    sizes = Counter(source().target.tolist())
    for split, share in (("train", 4 / 6), ("choice", 1 / 6), ("test", 1 / 6)):
        inputs = task.every(split).inputs
        assert set(task.split_of(inputs)) == {split}
        counts = Counter(task.labels(inputs).tolist())
        assert all(abs(counts[digit] - share * sizes[digit]) <= 1 for digit in range(10))


def test_the_split_follows_no_seed(monkeypatch):
    """Toujours les mêmes images : ce que le livre appelle le test ne bouge pas."""
    expected = [3, 4, 16, 19, 23, 26, 33, 34]
    monkeypatch.setenv("DECALAGE_GRAINES", "3")
    torch.manual_seed(5)
    assert Digits().decode(Digits().every("test").inputs)[: len(expected)] == expected
    rows = Digits(blocks=True).decode(Digits(blocks=True).every("test").inputs)
    assert min(rows) > 1_400  # la fin du fichier


def test_blocks_follow_the_order_of_the_file():
    task, target = Digits(blocks=True), source().target
    found = {split: task.decode(task.every(split).inputs) for split in ("train", "choice", "test")}
    for digit in range(10):
        rows = {split: [row for row in every if target[row] == digit] for split, every in found.items()}
        assert max(rows["train"]) < min(rows["choice"]) and max(rows["choice"]) < min(rows["test"])


@pytest.mark.parametrize(
    "task",
    [Digits(), Digits(True), DigitPairs(), DigitPairs((7, 42), digit_words)],
    ids=["chiffres", "mains", "paires", "deux paires"],
)
@pytest.mark.parametrize("split", ["train", "choice", "test", "all"])
def test_batches_are_drawn_from_their_set(task, split):
    inputs, targets = task.sample(200, generator=new_generator(), split=split)
    assert inputs.shape[0] == targets.shape[0] == 200 and inputs.dtype == torch.float32
    found = set(task.split_of(inputs))
    assert found == ({"train", "choice", "test"} if split == "all" else {split})
    write = getattr(task, "write", number_words)
    assert task.decode_targets(targets) == [write(number) for number in task.labels(inputs).tolist()]
    assert same(task.sample(200, generator=new_generator(), split=split), (inputs, targets))
    torch.manual_seed(0)
    before = torch.get_rng_state()
    task.sample(3, generator=new_generator(), split=split)
    assert torch.equal(torch.get_rng_state(), before)


def test_every_image_is_drawn_equally_often():
    task, number = Digits(), 60_000
    images, _ = task.sample(number, generator=new_generator(), split="choice")
    counts = Counter(task.decode(images))
    assert set(counts) == set(task.decode(task.every("choice").inputs))
    expected = number / task.count("choice")
    assert all(abs(count - expected) < 6 * expected**0.5 for count in counts.values())


def test_pairs_put_two_images_side_by_side():
    task, single, found = DigitPairs((42, 7)), Digits(), source()
    inputs, _ = task.sample(300, generator=new_generator(), split="test")
    for image, (left, right) in zip(inputs, task.decode(inputs), strict=True):
        assert torch.equal(image[:, :8] * 16, torch.tensor(found.images[left], dtype=torch.float32))
        assert torch.equal(image[:, 8:] * 16, torch.tensor(found.images[right], dtype=torch.float32))
        assert (found.target[left], found.target[right]) in {(4, 2), (0, 7)}
    counts = Counter(task.labels(inputs).tolist())
    assert set(counts) == {42, 7} and abs(counts[42] - 150) < 6 * 75**0.5
    assert set(single.split_of(inputs[..., :8])) == set(single.split_of(inputs[..., 8:])) == {"test"}


def test_pairs_share_their_codes():
    """Deux tâches aux nombres différents écrivent avec le même vocabulaire, sur la même largeur."""
    first, second = DigitPairs((1,)), DigitPairs((97,))
    assert first.vocabulary == second.vocabulary and "z" in first.vocabulary.symbols
    widths = {task.sample(2, generator=new_generator()).targets.shape[1] for task in (first, second)}
    assert widths == {1 + max(len(number_words(number)) for number in range(100))}


def test_counts_of_pairs():
    sizes = {split: Counter(Digits().labels(Digits().every(split).inputs).tolist()) for split in ("train", "test")}
    for split, size in sizes.items():
        assert DigitPairs((42, 7)).count(split) == size[4] * size[2] + size[0] * size[7]
    task = DigitPairs((42, 7))
    assert task.count() == sum(task.count(split) for split in ("train", "choice", "test"))


@pytest.mark.parametrize("seen", [10, 11, 50, 80, 99])
def test_numbers_are_shared_out(seen):
    for seed in range(20):
        shown, hidden = split_numbers(seen, generator=new_generator(seed))
        assert len(shown) == seen and sorted(shown + hidden) == list(range(100))
        assert {n // 10 for n in shown} == {n % 10 for n in shown} == set(range(10))
    assert split_numbers(seen, generator=new_generator(0)) != split_numbers(seen, generator=new_generator(1))


def test_classifiers_take_their_seed_from_the_generator():
    from sklearn.neural_network import MLPClassifier

    task, images = Digits(), Digits().every("choice").inputs
    answers = []
    for seed in (0, 0, 1):
        classifier = MLPClassifier((8,), max_iter=12, tol=1.0)
        classify = fit_classifier(classifier, task, generator=new_generator(seed))
        answers.append(classify(images))
    assert torch.equal(answers[0], answers[1]) and not torch.equal(answers[0], answers[2])


def test_pairs_of_two_sets_are_refused():
    train, test = (Digits().every(split).inputs[:3] for split in ("train", "test"))
    with pytest.raises(ValueError, match="inputs : reçu des images de deux ensembles"):
        DigitPairs().split_of(torch.cat([train, test], dim=2))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: number_words(100), ValueError, "number : reçu 100, attendu un entier de 0 à 99"),
        (lambda: digit_words(-1), ValueError, "number : reçu -1"),
        (lambda: number_words(4.0), TypeError, "number : reçu 4.0"),
        (lambda: Digits(1), TypeError, r"blocks : reçu 1 \(int\), attendu un booléen"),
        (lambda: DigitPairs(()), ValueError, "numbers : reçu .*attendu au moins un nombre"),
        (lambda: DigitPairs((4, 4)), ValueError, "numbers : reçu .*tous différents"),
        (lambda: DigitPairs((100,)), ValueError, "numbers : reçu 100"),
        (lambda: DigitPairs("42"), TypeError, "numbers : reçu '42'"),
        (lambda: DigitPairs((4,), "mots"), TypeError, "write : reçu 'mots'"),
        (lambda: split_numbers(9, generator=new_generator()), ValueError, "seen : reçu 9, attendu .* de 10 à 99"),
        (lambda: split_numbers(100, generator=new_generator()), ValueError, "seen : reçu 100"),
        (lambda: split_numbers(80, generator=0), TypeError, "generator : reçu int"),
        (lambda: Digits().count("valid"), ValueError, "split : reçu 'valid', attendu 'train', 'choice', 'test', 'all'"),
        (lambda: Digits().every(None), TypeError, "split : reçu None"),
        (lambda: Digits().sample(0, generator=new_generator()), ValueError, "batch_size : reçu 0"),
        (lambda: Digits().sample(2, generator=None), TypeError, "generator : reçu NoneType"),
        (lambda: Digits().decode(torch.zeros(1, 8, 8)), ValueError, "inputs : reçu une image inconnue"),
        (lambda: Digits().decode(torch.zeros(1, 64)), ValueError, r"reçu la forme \(1, 64\), attendu \(B, 8, 8\)"),
        (lambda: DigitPairs().labels(torch.zeros(1, 8, 8)), ValueError, r"attendu \(B, 8, 16\)"),
        (lambda: Digits().split_of([1]), TypeError, "inputs : reçu list"),
        (lambda: fit_classifier(3, Digits(), generator=new_generator()), TypeError, "classifier : reçu 3"),
    ],
)  # fmt: skip
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_scikit_learn_waits_until_it_is_needed():
    """Nommer la tâche ne charge pas scikit-learn ; en tirer un lot, si."""
    import subprocess
    import sys
    from pathlib import Path

    code = "import sys; from notebook_utils import Digits; Digits(); print('sklearn' in sys.modules)"
    root = Path(__file__).parents[1]
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert child.stdout.strip() == "False"


def test_every_image_of_a_pair_is_drawn():
    task, number = DigitPairs((42,)), 20_000
    inputs, _ = task.sample(number, generator=new_generator(), split="test")
    for side, digit in zip(zip(*task.decode(inputs), strict=True), (4, 2), strict=True):
        counts = Counter(side)
        known = (Digits().labels(Digits().every("test").inputs) == digit).sum().item()
        assert len(counts) == known
        assert all(abs(count - number / known) < 6 * (number / known) ** 0.5 for count in counts.values())
