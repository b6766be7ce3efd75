"""Les dates en français : relues autrement, sans ambiguïté, séparées par date."""

import datetime
import pickle
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import torch
from outils import new_generator, same

import notebook_utils
from notebook_utils.tasks.dates import DATE_PATTERNS, Dates, ambiguous_dates, date_words
from notebook_utils.tasks.texts import encode_texts

SPLITS = ("train", "choice", "test")
MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()  # noqa: SIM905
SHORT = "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.".split()  # noqa: SIM905
WEEKDAYS = "lundi mardi mercredi jeudi vendredi samedi dimanche".split()  # noqa: SIM905
UNITS = "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize".split()  # noqa: SIM905
VALUES = {word: number for number, word in enumerate(UNITS)} | {
    "premier": 1, "vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60,
}  # fmt: skip
DAY = datetime.date


def number(text):
    """Lit un nombre en chiffres, ou en mots : « quatre-vingt » multiplie, « cent » et « mille » aussi."""
    if text.isdecimal():
        return int(text)
    total, low = 0, 0
    for part in text.split("-"):
        if part == "mille":
            total, low = 1000 * (low or 1), 0
        elif part == "cent":
            total, low = total + 100 * low, 0
        elif part != "et":
            low = low * 20 if part.startswith("vingt") and low == 4 else low + VALUES[part]
    return total + low


def read_date(text):
    """Lit une date écrite : le jour de la semaine doit être le bon, et l'année à deux chiffres est de 1930 à 2029."""
    text = text.removeprefix("le ").removesuffix(" ap. J.-C.")
    weekday = None
    for rank, name in enumerate(WEEKDAYS):
        for form in (name, f"{name[:3]}."):
            if text.startswith(f"{form} "):
                weekday, text = rank, text.removeprefix(f"{form} ")
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        year, month, day = map(int, text.split("-"))
    elif re.fullmatch(r"\d+([-/.])\d+\1\d+", text):
        day, month, year = map(int, re.split(r"[-/.]", text))
    else:
        day, month, year = text.split(" ")
        day, year = number(day), number(year)
        month = 1 + (MONTHS.index(month) if month in MONTHS else SHORT.index(month))
    if year < 100:
        year += 1900 if year >= 30 else 2000
    found = DAY(year, month, day)
    assert weekday in (None, found.weekday()), text
    return found


@pytest.fixture(scope="module")
def task():
    return Dates()


@pytest.mark.parametrize("pattern", DATE_PATTERNS)
def test_dates_are_read_back(task, pattern):
    """Un jour sur 37, tous les ans et tous les mois : un autre lecteur y retrouve la date."""
    days = task.days()[::37]
    assert {day.year for day in days} == set(range(1930, 2030)) and {day.day for day in days} == set(range(1, 32))
    for day in days:
        assert read_date(task.write(day, pattern)) == day


def test_texts_written_by_hand():
    expected = {
        (DAY(1987, 3, 1), "EEEE d MMMM y"): "dimanche 1 mars 1987",
        (DAY(1987, 3, 1), "E d MMM y G"): "dim. 1 mars 1987 ap. J.-C.",
        (DAY(2004, 2, 9), "d/M/yy"): "9/2/04",
        (DAY(2000, 1, 1), "d MMMM y en lettres"): "premier janvier deux-mille",
        (DAY(1980, 12, 21), "d MMMM y en lettres"): "vingt-et-un décembre mille-neuf-cent-quatre-vingts",
        (DAY(1971, 8, 2), "d MMMM yy en lettres"): "deux août soixante-et-onze",
        (DAY(2029, 5, 17), "d MMMM yy en lettres"): "dix-sept mai deux-mille-vingt-neuf",
        (DAY(1999, 12, 31), "EEEE d MMMM y en lettres"):
            "vendredi trente-et-un décembre mille-neuf-cent-quatre-vingt-dix-neuf",
        (DAY(2019, 12, 30), "y-MM-dd"): "2019-12-30",  # et non 2020, l'année de sa semaine
    }  # fmt: skip
    assert {key: date_words(*key) for key in expected} == expected
    assert len(set(DATE_PATTERNS)) == 23 and sum("en lettres" in pattern for pattern in DATE_PATTERNS) == 3


def test_no_text_says_two_dates(task):
    """La preuve : tous les jours, toutes les façons."""
    assert task.count() == 36_525 and ambiguous_dates() == []


def test_the_proof_can_fail():
    days = [DAY(1987, 3, 4), DAY(1987, 4, 3), DAY(1987, 6, 1), DAY(1987, 7, 1)]
    assert ambiguous_dates(["dd/MM/yy", "MM/dd/yy"], days) == [
        ("03/04/87", days[0], days[1]),
        ("04/03/87", days[0], days[1]),
    ]
    assert ambiguous_dates(["d MMMMM y"], days[:2]) == []
    assert ambiguous_dates(["d MMMMM y"], [*days, DAY(1987, 1, 1)]) == [  # l'initiale du mois
        ("1 J 1987", days[2], days[3]),
        ("1 J 1987", days[2], DAY(1987, 1, 1)),
    ]
    years = [DAY(1987, 3, 4), DAY(1988, 3, 4)]
    assert ambiguous_dates(["d MMMM"], years) == [("4 mars", *years)]
    for pattern in ("EEEE, d MMMM y", "d 'et' MMMM y"):
        with pytest.raises(ValueError, match="patterns : reçu un motif qui écrit .*sans ce séparateur"):
            ambiguous_dates([pattern], days)


def test_sets_are_disjoint_by_date_and_complete(task):
    found = {split: task.days(split) for split in SPLITS}
    assert sorted(sum(found.values(), ())) == list(task.days()) and len(set(task.days())) == 36_525
    assert {split: len(days) for split, days in found.items()} == {split: task.count(split) for split in SPLITS}
    for split, share in zip(SPLITS, (0.8, 0.1, 0.1), strict=True):
        assert abs(task.count(split) - share * 36_525) < 4 * (36_525 * share * (1 - share)) ** 0.5
        codes = encode_texts(task.target_vocabulary, [day.isoformat() for day in found[split]])
        assert set(task.split_of(codes)) == {split}
    assert len({(day.year, day.month) for day in task.days("train")}) == 1200  # aucun mois n'est inconnu


def test_the_split_follows_no_seed(task):
    """Toujours les mêmes dates, quel que soit le processus : ce que le livre appelle le test ne bouge pas."""
    assert [day.isoformat() for day in task.days("test")[:3]] == ["1930-01-04", "1930-01-09", "1930-01-29"]


@pytest.mark.parametrize("split", [*SPLITS, "all"])
@pytest.mark.parametrize("dates", [1, 4])
def test_batches(task, split, dates):
    read, codes = task.sample(150, generator=new_generator(), split=split, dates=dates)
    assert read.shape[0] == 150 and codes.shape == (150, 11 * dates) and read.dtype == codes.dtype == torch.int64
    for sentence, target in zip(task.decode(read), task.decode_targets(codes), strict=True):
        assert sentence.count(" et ") == (dates > 1)
        days = [read_date(text) for text in re.split(", | et ", sentence)]
        assert " ".join(day.isoformat() for day in days) == target and len(days) == dates
    if split != "all":
        assert set(task.split_of(codes)) == {split}
    elif dates == 1:
        assert set(task.split_of(codes)) == set(SPLITS)
    else:
        with pytest.raises(ValueError, match="targets : reçu .*deux ensembles, attendu un seul"):
            task.split_of(codes)
    assert same(task.sample(150, generator=new_generator(), split=split, dates=dates), (read, codes))


def test_global_generator_is_untouched(task):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    task.sample(3, generator=new_generator())
    assert torch.equal(torch.get_rng_state(), before)


def test_draws_are_uniform():
    """Chaque façon d'écrire autant que les autres, et chaque décennie aussi."""
    task, size = Dates(("d MMMM y", "dd/MM/y")), 4000
    read, codes = task.sample(size, generator=new_generator(), split="all")
    written = sum("/" in text for text in task.decode(read))
    assert abs(written - size / 2) < 5 * (size / 4) ** 0.5
    decades = Counter(text[:3] for text in task.decode_targets(codes))
    assert len(decades) == 10 and all(abs(n - size / 10) < 5 * (0.09 * size) ** 0.5 for n in decades.values())


def test_vocabularies_know_every_text(task):
    """Aucun jour n'emploie un caractère que le vocabulaire n'a pas, et tous servent."""
    texts = [task.write(day, pattern) for day in task.days()[::7] for pattern in task.patterns]
    assert set("".join(texts)) | {","} == set(task.vocabulary.symbols[1:]) | {" "}
    assert task.target_vocabulary.symbols == "¶ -0123456789"
    assert Dates(("d MMMM y",)).vocabulary != task.vocabulary


def test_tasks_are_values(task):
    assert eval(repr(task)) == task == Dates(list(DATE_PATTERNS)) and hash(task) == hash(Dates())
    assert pickle.loads(pickle.dumps(task)) == task
    with pytest.raises(AttributeError):
        task.patterns = ("d MMMM y",)


def test_babel_waits_until_it_is_needed():
    code = "import sys\nimport notebook_utils.tasks.dates\nprint('babel' in sys.modules)"
    parent = Path(notebook_utils.__file__).parents[1]
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=parent)
    assert child.stdout.split() == ["False"]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Dates("d MMMM y"), TypeError, "patterns : reçu 'd MMMM y'"),
        (lambda: Dates(()), ValueError, "patterns : reçu aucun motif"),
        (lambda: Dates((3,)), TypeError, "pattern : reçu int, attendu une chaîne"),
        (lambda: Dates(("",)), ValueError, "pattern : reçu une chaîne vide"),
        (lambda: Dates(("d MMMM Y",)), ValueError, "Y est l'année de la semaine"),
        (lambda: Dates(("d MMMM YYYY en lettres",)), ValueError, "Y est l'année de la semaine"),
        (lambda: Dates(("d MMMM y HH",)), ValueError, "attendu un motif de date de Babel"),
        (lambda: Dates(("d MMMMMMM y",)), ValueError, "attendu un motif de date de Babel"),
        (lambda: date_words("1987-03-01", "d MMMM y"), TypeError, "day : reçu '1987-03-01'"),
        (lambda: date_words(datetime.datetime(1987, 3, 1), "d MMMM y"), TypeError, "attendu une datetime.date"),
        (lambda: date_words(DAY(1929, 12, 31), "d MMMM y"), ValueError, "day : reçu 1929-12-31, attendu une date"),
        (lambda: date_words(DAY(2030, 1, 1), "d MMMM y"), ValueError, "day : reçu 2030-01-01"),
        (lambda: Dates().write(DAY(1987, 3, 1), "d MMM"), ValueError, "pattern : reçu 'd MMM'"),
        (lambda: ambiguous_dates("d"), TypeError, "patterns : reçu 'd'"),
        (lambda: ambiguous_dates(days=DAY(1987, 3, 1)), TypeError, "days : reçu"),
        (lambda: ambiguous_dates(days=[1987]), TypeError, "day : reçu 1987"),
        (lambda: Dates().days("valid"), ValueError, "split : reçu 'valid', attendu 'train', 'choice', 'test', 'all'"),
        (lambda: Dates().count(None), TypeError, "split : reçu None"),
        (lambda: Dates().sample(0, generator=new_generator()), ValueError, "batch_size : reçu 0"),
        (lambda: Dates().sample(2, generator=0), TypeError, "generator : reçu int"),
        (lambda: Dates().sample(2, generator=new_generator(), dates=0), ValueError, "dates : reçu 0"),
        (lambda: Dates().sample(2, generator=new_generator(), dates=1.0), TypeError, "dates : reçu 1.0"),
        (lambda: Dates().sample(2, generator=new_generator(), split="valid"), ValueError, "split : reçu 'valid'"),
        (lambda: Dates().decode(torch.tensor([[99]])), ValueError, "reçu des codes de 99 à 99"),
        (lambda: Dates().decode_targets(torch.zeros(2, 3)), TypeError, "reçu le type torch.float32"),
        (lambda: Dates().split_of(torch.zeros(1, 3, dtype=torch.int64)), ValueError, "targets : reçu ''"),
    ],
)  # fmt: skip
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("text", ["1987-02-30", "1929-12-31", "19870301", "1987-03-01 ", "87-3-1"])
def test_texts_that_are_not_dates_have_no_set(task, text):
    with pytest.raises(ValueError, match="targets : reçu .*attendu des dates de 1930 à 2029"):
        task.split_of(encode_texts(task.target_vocabulary, [text]))
