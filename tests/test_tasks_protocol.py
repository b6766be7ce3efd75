"""Ce que toute tâche tirée au hasard doit respecter, quelle que soit sa règle."""

import random

import numpy as np
import pytest
import torch
from outils import new_generator, same

from notebook_utils import tasks
from notebook_utils.tasks import (
    EASY,
    HARD,
    MODERATE,
    NIGHTMARE,
    NORMAL,
    Adding,
    Batch,
    Copying,
    Counting,
    Echo,
    Permutations,
)
from notebook_utils.tasks.task import one_hot_rows

TASKS = [EASY, NORMAL, MODERATE, HARD, NIGHTMARE]
TASKS += [Echo(), Echo(0, 1, 3), Adding(11), Adding(50), Copying(), Copying(3, 2)]
TASKS += [Counting(), Counting(3, 12), Permutations()]
SHAPES = {  # formes attendues, écrites à la main
    EASY: [(6, 9, 8), (6, 4)],
    HARD: [(6, 111, 8), (6, 4)],
    NIGHTMARE: [(6, 501, 8), (6, 4)],
    Echo(3, 20, 10): [(6, 200, 1), (6, 200, 1)],
    Adding(50): [(6, 55, 2), (6, 1)],
    Copying(100, 10): [(6, 120, 10), (6, 120)],
    Counting(3, 12): [(6, 12, 1), (6, 12)],
    Permutations(20): [(6, 20, 1), (6, 20)],
}
every_task = pytest.mark.parametrize("task", TASKS, ids=repr)


@pytest.mark.parametrize("task", SHAPES, ids=repr)
def test_shapes_and_types(task):
    inputs, targets = task.sample(6, generator=new_generator())
    assert [tuple(inputs.shape), tuple(targets.shape)] == SHAPES[task]
    assert task.steps == inputs.shape[1] and inputs.dtype == torch.float32
    assert targets.dtype == (torch.int64 if isinstance(task, Copying | Counting | Permutations) else torch.float32)


@every_task
@pytest.mark.parametrize("split", ["train", "test", "all"])
def test_same_generator_state_same_batch(task, split):
    """Le lot ne dépend que de l'état du générateur, que le tirage fait avancer."""
    g = new_generator(3)
    first, second = (task.sample(8, generator=g, split=split) for _ in range(2))
    again = task.sample(8, generator=new_generator(3), split=split)
    assert same(first, again) and not torch.equal(first.inputs, second.inputs)
    lots = [list(task.batches(8, 5, generator=new_generator(3), split=split)) for _ in range(2)]
    assert all(map(same, *lots))


@every_task
def test_global_generators_are_untouched(task):
    torch.manual_seed(0)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    task.sample(8, generator=new_generator())
    list(task.batches(8, 3, generator=new_generator()))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1] and np.random.get_state()[1].tolist() == before[2]


@every_task
def test_split_is_respected(task):
    """Chaque ensemble ne contient que les siens, et « all » contient les deux, un quart de test."""
    for split in ("train", "test"):
        for inputs, _ in task.batches(16, 20, generator=new_generator(), split=split):
            assert set(task.split_of(inputs)) == {split}
    inputs, _ = task.sample(2000, generator=new_generator(), split="all")
    assert 0.2 < task.split_of(inputs).count("test") / 2000 < 0.3


@every_task
def test_count(task):
    assert task.count("train") == 3 * task.count("test")
    assert task.count() == task.count("train") + task.count("test") > 0


def test_default_type_does_not_matter():
    """Le type par défaut de PyTorch ne change pas celui des lots."""
    one_hot_rows.cache_clear()
    torch.set_default_dtype(torch.float64)
    try:
        batches = [task.sample(4, generator=new_generator()) for task in TASKS]
    finally:
        torch.set_default_dtype(torch.float32)
    for task, batch in zip(TASKS, batches, strict=True):
        assert batch.inputs.dtype == torch.float32
        assert same(batch, task.sample(4, generator=new_generator()))


@pytest.mark.parametrize("number", [1, 2, 455, 456, 1000])
def test_batches_across_blocks(number):
    """Le découpage en blocs ne perd, ne répète et ne mélange rien."""
    lots = list(EASY.batches(32, number, generator=new_generator()))
    assert len(lots) == number
    assert all(isinstance(lot, Batch) and lot.inputs.shape == (32, 9, 8) for lot in lots)
    for inputs, targets in lots[:3] + lots[-3:]:
        assert same(EASY.encode(EASY.decode(inputs)), (inputs, targets))
    assert len({lot.inputs.numpy().tobytes() for lot in lots}) == number


def test_batches_larger_than_a_block():
    """Un lot plus grand qu'un bloc reste entier."""
    (lot,) = HARD.batches(2000, 1, generator=new_generator())
    assert lot.inputs.shape == (2000, 111, 8)


@every_task
def test_bad_arguments(task):
    for size, error in ((0, ValueError), (-3, ValueError), (2.0, TypeError), (True, TypeError)):
        with pytest.raises(error, match="batch_size : reçu .*attendu un entier"):
            task.sample(size, generator=new_generator())
        with pytest.raises(error, match="number : reçu .*attendu un entier"):
            task.batches(4, size, generator=new_generator())  # avant d'itérer
    for wrong in (None, 0, np.random.default_rng()):
        with pytest.raises(TypeError, match=r"generator : reçu \w+, attendu un torch.Generator"):
            task.sample(4, generator=wrong)
        with pytest.raises(TypeError, match="generator : reçu"):
            task.batches(4, 4, generator=wrong)
    for method in (lambda s: task.sample(4, generator=new_generator(), split=s), task.count):
        with pytest.raises(ValueError, match="split : reçu 'valid', attendu 'train', 'test', 'all'"):
            method("valid")
        with pytest.raises(TypeError, match="split : reçu None"):
            method(None)


@every_task
def test_tensors_that_are_not_batches(task):
    """NaN, mauvais type, mauvaise forme : refusés avant d'être relus."""
    inputs, targets = task.sample(4, generator=new_generator())
    with_nan = inputs.clone()
    with_nan[1, -1, 0] = float("nan")
    for read in (task.decode, task.split_of):
        with pytest.raises(ValueError, match="inputs : reçu une valeur NaN"):
            read(with_nan)
        with pytest.raises(TypeError, match="inputs : reçu le type torch.int64"):
            read(inputs.long())
        with pytest.raises(TypeError, match="inputs : reçu list, attendu un tenseur"):
            read(inputs.tolist())
        with pytest.raises(ValueError, match=r"inputs : reçu la forme .*, attendu \(B, "):
            read(inputs[0])
        with pytest.raises(ValueError, match="inputs : reçu "):
            read(inputs + 2)
    with pytest.raises(ValueError, match=r"targets : reçu la forme .*, attendu \(B, "):
        task.decode_targets(targets[..., None, None])
    wrong = targets.float() if targets.dtype == torch.int64 else targets.long()
    with pytest.raises(TypeError, match="targets : reçu le type"):
        task.decode_targets(wrong)
    if targets.is_floating_point():
        with pytest.raises(ValueError, match="targets : reçu une valeur NaN"):
            task.decode_targets(targets * float("nan"))


@every_task
def test_sequences_of_another_length(task):
    """``split_of`` ne lit que des séquences entières : ni un morceau, ni celles d'une autre tâche."""
    inputs, _ = task.sample(4, generator=new_generator())
    for wrong in (inputs[:, 1:], torch.cat([inputs, inputs], dim=1)):
        expected = rf"attendu \(B, {task.steps}, {inputs.shape[2]}\)"
        with pytest.raises(ValueError, match=rf"inputs : reçu la forme .*, {expected}"):
            task.split_of(wrong)


@every_task
def test_tasks_are_values(task):
    """Deux tâches égales se valent, et une tâche ne se modifie pas."""
    assert eval(repr(task), vars(tasks)) == task and hash(task) == hash(task)
    with pytest.raises(AttributeError):
        task.length = 3


@pytest.mark.skipif(not torch.cuda.is_available(), reason="pas de carte graphique")
@every_task
def test_cuda_generator(task):
    """Le lot vit sur l'appareil du générateur, et suit les mêmes règles."""
    g = torch.Generator("cuda").manual_seed(0)
    inputs, targets = task.sample(64, generator=g, split="test")
    assert inputs.is_cuda and targets.is_cuda and set(task.split_of(inputs)) == {"test"}
    assert len(task.decode(inputs)) == len(task.decode_targets(targets)) == 64
