"""Les petits programmes : réponses de Python, ensembles disjoints, codes relus."""

import ast
import contextlib
import io
import random
import re
from collections import Counter

import cloudpickle
import numpy as np
import pytest
import torch
from outils import new_generator, same

from notebook_utils import same_text
from notebook_utils.tasks.programs import LEVELS, Programs, run_program

TASKS = [*map(Programs, LEVELS), Programs(2, True), Programs(2, False, False), Programs((1, 2, 3, 4, 5), True)]
TASKS += [Programs((1, 2, 5), operations="-"), Programs(2, carries=False, operations="+")]
every_task = pytest.mark.parametrize("task", TASKS, ids=repr)


def printed(text):
    """Ce qu'imprime vraiment Python, sans rien du paquet."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(text, "<programme>", "exec"), {})
    return output.getvalue().rstrip("\n")


@every_task
@pytest.mark.parametrize("split", ["train", "choice", "test", "all"])
def test_answers_are_what_python_prints(task, split):
    """Programmes et réponses, relus, sont ceux de Python ; les ensembles sont respectés."""
    inputs, targets = task.sample(400, generator=new_generator(1), split=split)
    programs = task.decode(inputs)
    assert task.decode_targets(targets) == [printed(text) for text in programs] == list(map(run_program, programs))
    assert set(task.split_of(inputs)) == ({"train", "choice", "test"} if split == "all" else {split})
    assert inputs.dtype == targets.dtype == torch.int64 and inputs.shape == (400, task.steps)
    again = task.encode(programs)
    assert torch.equal(again.inputs[:, : task.steps], inputs) and same_text(again.targets, targets).all()


def test_examples_of_the_paper():
    """Les deux programmes donnés en exemple par Zaremba et Sutskever, et ce qu'ils y impriment."""
    first = "j=8584\nfor x in range(8): j+=920\nb=(1500+j)\nprint((b+7567))"
    second = "i=8827; c=(i-5347); print((c+8704) if 2641<8500 else 5308)"
    assert (run_program(first), run_program(second)) == ("25011", "12184") == (printed(first), printed(second))
    task = Programs(3)
    inputs, targets = task.encode([second])
    assert task.decode_targets(targets) == ["12184"] and printed(task.decode(inputs)[0]) == "12184"


def test_shapes_written_by_hand():
    shapes = {
        level: [tuple(part.shape) for part in Programs(level).sample(3, generator=new_generator())] for level in LEVELS
    }
    assert shapes == {
        1: [(3, 11), (3, 5)], 2: [(3, 8), (3, 4)], 3: [(3, 23), (3, 4)], 4: [(3, 23), (3, 5)], 5: [(3, 32), (3, 5)],
    }  # fmt: skip


@every_task
def test_answers_fit_with_their_mark(task):
    _, targets = task.sample(3_000, generator=new_generator(2), split="all")
    assert targets.shape[1] == task.answer_steps
    assert (targets[:, -1] == 0).all() and ((targets[:, -2] != 0).any() or not task.carries)


def test_backwards_is_the_same_draw_written_backwards():
    for level in LEVELS:
        forward, backward = (Programs(level, way).sample(300, generator=new_generator(3)) for way in (False, True))
        assert torch.equal(forward.inputs, backward.inputs)
        texts = Programs(level).decode_targets(forward.targets)
        assert texts == [text[::-1] for text in Programs(level).decode_targets(backward.targets)]
        assert texts == Programs(level, True).decode_targets(backward.targets)
    assert any(text.startswith("-") for text in texts)


def test_every_calculation_has_one_set():
    """Le niveau 2 énuméré : comptes exacts, et mêmes ensembles quel que soit l'ordre des nombres."""
    task, found = Programs(2), {}
    for sign in "+-":
        texts = [f"print({a}{sign}{b})" for a in range(10, 100) for b in range(10, 100)]
        found |= dict(zip(texts, task.split_of(task.encode(texts).inputs), strict=True))
    counts = Counter(found.values())
    assert counts == {split: task.count(split) for split in ("train", "choice", "test")}
    assert sum(counts.values()) == task.count() == 16_200
    for text, split in found.items():
        a, sign, b = re.match(r"print\((\d+)(.)(\d+)\)", text).groups()
        assert found[f"print({b}{sign}{a})"] == split
    for split, share in (("train", 6 / 8), ("choice", 1 / 8), ("test", 1 / 8)):
        assert abs(counts[split] - 16_200 * share) < 4 * (2 * 16_200 * share * (1 - share)) ** 0.5


def test_chosen_operations():
    """Une opération seule : toutes les autres lignes du programme restent, et les comptes s'ajoutent."""
    levels = tuple(LEVELS)
    for sign, other in ("+-", "-+"):
        task = Programs(levels, operations=sign)
        texts = task.decode(task.sample(500, generator=new_generator(11), split="all").inputs)
        assert not any(other in text for text in texts) and {text.count(sign) for text in texts} == {0, 1}
        assert {sum(word in text for word in ("print", "if", "for")) for text in texts} == {1, 2, 3}
        assert Programs(levels, operations=sign).count() + Programs(levels[1:], operations=other).count() == (
            Programs(levels).count()
        )
    alone = [Programs(2, operations=sign) for sign in "+-"]
    for split in ("train", "choice", "test"):
        assert sum(task.count(split) for task in alone) == Programs(2).count(split)
    assert Programs(operations="+-") == Programs()


def test_names_do_not_change_the_set():
    task = Programs((1, 3, 4, 5))
    programs = task.decode(task.sample(200, generator=new_generator(4), split="all").inputs)
    renamed = [re.sub(r"\b[a-wyz]\b", "q", text) for text in programs]
    assert task.split_of(task.encode(programs).inputs) == task.split_of(task.encode(renamed).inputs)
    assert renamed != programs


def test_draws_are_uniform():
    """Chaque calcul du choix est tiré aussi souvent qu'un autre, chaque nom et chaque niveau aussi."""
    task, number = Programs(2), 60_000
    counts = Counter(task.decode(task.sample(number, generator=new_generator(5), split="choice").inputs))
    mean = number / task.count("choice")
    assert len(counts) == task.count("choice")
    assert all(abs(count - mean) < 6 * mean**0.5 for count in counts.values())
    texts = Programs((1, 5)).decode(Programs((1, 5)).sample(20_000, generator=new_generator(6)).inputs)
    names, levels = Counter(text[0] for text in texts), Counter("for" in text for text in texts)
    assert len(names) == 25 and all(abs(count - 800) < 6 * 800**0.5 for count in names.values())
    assert abs(levels[True] - 10_000) < 6 * 5_000**0.5


def test_without_carries_each_digit_stands_alone():
    task = Programs(2, carries=False)
    texts = task.decode(task.sample(2_000, generator=new_generator(7), split="all").inputs)
    for text in texts:
        a, sign, b = re.match(r"print\((\d+)(.)(\d+)\)", text).groups()
        digits = [int(p) + int(q) if sign == "+" else int(p) - int(q) for p, q in zip(a, b, strict=True)]
        assert all(0 <= digit <= 9 for digit in digits)
        assert int(run_program(text)) == 10 * digits[0] + digits[1]
    pairs = [(a, b) for a in range(10, 100) for b in range(10, 100)]
    plus = sum(a // 10 + b // 10 < 10 and a % 10 + b % 10 < 10 for a, b in pairs)
    minus = sum(a // 10 >= b // 10 and a % 10 >= b % 10 for a, b in pairs)
    assert (
        task.count()
        == plus + minus
        == len(set(task.decode(task.sample(60_000, generator=new_generator(8), split="all").inputs)))
    )


@every_task
def test_same_generator_state_same_batch(task):
    first, second = (task.sample(50, generator=new_generator(9)) for _ in range(2))
    lots = [list(task.batches(16, 3, generator=new_generator(9))) for _ in range(2)]
    assert same(first, second) and all(map(same, *lots)) and len(lots[0]) == 3
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    task.sample(5, generator=new_generator())
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1] and np.random.get_state()[1].tolist() == states[2]
    assert cloudpickle.loads(cloudpickle.dumps(task)) == task and len(cloudpickle.dumps(task)) < 1_000


def test_blocks_lose_nothing():
    lots = list(Programs(2).batches(100, 200, generator=new_generator(10)))
    assert len(lots) == 200 and all(len(inputs) == 100 for inputs, _ in lots)
    assert len({inputs.numpy().tobytes() for inputs, _ in lots}) == 200


def test_the_sets_follow_no_seed(monkeypatch):
    """Le test ne bouge ni d'une machine, ni d'une graine à l'autre."""
    monkeypatch.setenv("DECALAGE_GRAINES", "3")
    task = Programs(2)
    texts = [f"print({a}+11)" for a in range(10, 60)]
    found = zip(texts, task.split_of(task.encode(texts).inputs), strict=True)
    test = [text for text, split in found if split == "test"]
    assert test == ["print(18+11)", "print(45+11)", "print(59+11)"]


@pytest.mark.parametrize(
    "text",
    [
        "import os", "print(open)", "print(1*2)", "print(2**99)", "print('a')", "print(1.5)", "print(True)",
        "for x in range(1000): print(x)", "for x in range(9):\n for y in range(9): print(1)", "while 1: print(1)",
        "print(1, 2)", "print(1, end='')", "for x in range(a): print(1)", "print=3", "a=[1]", "print(().x)",
        "print(1<2<3)", "f(3)", "lambda: 0", "for x in range(3): print(x)\nelse: print(0)", "print(__builtins__)",
        "for x in (1,): print(x)", "print(print)", "print(range(3))", "print(print(3))", "range(3)", "a=range",
    ],
)  # fmt: skip
def test_only_the_small_language_is_run(text):
    ast.parse(text)  # du Python, mais pas du nôtre
    with pytest.raises(ValueError, match="text : reçu .*attendu"):
        run_program(text)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: run_program("j=;"), ValueError, "text : reçu 'j=;', attendu un programme Python"),
        (lambda: run_program("print(j)"), ValueError, "text : reçu le nom 'j' sans valeur"),
        (lambda: run_program("j=3"), ValueError, "attendu un programme qui imprime"),
        (lambda: run_program(3), TypeError, "text : reçu int"),
        (lambda: Programs(6), ValueError, r"levels : reçu \(6,\), attendu des niveaux de 1 à 5"),
        (lambda: Programs((2, 2)), ValueError, r"levels : reçu \(2, 2\)"),
        (lambda: Programs(()), ValueError, r"levels : reçu \(\)"),
        (lambda: Programs("2"), TypeError, "levels : reçu '2'"),
        (lambda: Programs(2.0), TypeError, "levels : reçu"),
        (lambda: Programs(2, 1), TypeError, r"backwards : reçu 1 \(int\), attendu un booléen"),
        (lambda: Programs(2, carries=None), TypeError, "carries : reçu None"),
        (lambda: Programs(3, carries=False), ValueError, "carries : reçu False .*attendu le niveau 2 seul"),
        (lambda: Programs(2, operations="*"), ValueError, "operations : reçu .*attendu"),
        (lambda: Programs(2, operations=("+",)), TypeError, "operations : reçu"),
        (lambda: Programs().sample(0, generator=new_generator()), ValueError, "batch_size : reçu 0"),
        (lambda: Programs().sample(3, generator=1), TypeError, "generator : reçu int"),
        (lambda: Programs().sample(3, generator=new_generator(), split="x"), ValueError, "split : reçu 'x'"),
        (lambda: Programs().batches(3, 0, generator=new_generator()), ValueError, "number : reçu 0"),
        (lambda: Programs().count(None), TypeError, "split : reçu None"),
        (lambda: Programs(3).count("test"), ValueError, "split : reçu 'test', attendu 'all'"),
        (lambda: Programs().encode([]), ValueError, "texts : reçu"),
        (lambda: Programs().encode("print(1)"), TypeError, "texts : reçu"),
        (lambda: Programs().decode(torch.zeros(3)), ValueError, "codes : reçu"),
        (lambda: Programs().decode_targets(torch.full((1, 1), 12)), ValueError, "codes : reçu des codes de 12"),
        (lambda: Programs().split_of([1]), TypeError, "codes : reçu list"),
    ],
)  # fmt: skip
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
