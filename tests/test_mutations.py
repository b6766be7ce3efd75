"""Les fautes que ``make mutations`` glisse dans le paquet : chaque partie a ses essais, chaque faute change le code."""

import ast

import mutations
import pytest

FILES = sorted(mutations.PACKAGE.rglob("*.py"))


def test_every_part_of_the_package_has_its_tests():
    assert set(mutations.TESTS) == {mutations.part_of(path) for path in FILES}


@pytest.mark.parametrize("part", mutations.TESTS)
def test_the_tests_of_a_part_exist(part):
    assert [name for name in mutations.TESTS[part] if not (mutations.ROOT / f"tests/test_{name}.py").exists()] == []


def test_no_test_of_the_tasks_is_forgotten():
    """Une tâche nouvelle vient avec ses essais : ils comptent aussi."""
    written = {path.stem.removeprefix("test_") for path in (mutations.ROOT / "tests").glob("test_tasks_*.py")}
    assert written <= set(mutations.TESTS["tasks"])


@pytest.mark.parametrize("path", FILES[::15], ids=lambda path: path.stem)
def test_each_mutation_changes_the_code_in_one_place(path):
    plain = ast.unparse(ast.parse(path.read_text("utf-8")))
    found = mutations.mutants([path])
    for _, _, name, rank, choice in found[:: max(1, len(found) // 8)]:
        code = mutations.mutated(path, rank, choice)
        ast.parse(code)
        if "échang" not in name:  # échanger deux arguments égaux ne change rien
            assert code != plain, name
