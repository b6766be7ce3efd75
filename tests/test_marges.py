"""La marge de chaque assertion : ce que l'extension pèse, ce qu'elle laisse, et ce qu'elle appelle fragile."""

import ast

import marges
import numpy as np
import pytest


def weighed(source, path, monkeypatch, **names):
    """Exécute un code, ses assertions pesées ; rend les marges, texte par texte."""
    path.unlink(missing_ok=True)
    path.touch()
    monkeypatch.setenv(marges.FILE, str(path))
    tree = ast.fix_missing_locations(marges.Weigher().visit(ast.parse(source)))
    exec(compile(tree, "essai", "exec"), {marges.RECORDER: marges.record, **names})
    return {text: margin for (_, _, _, text), margin in marges.margins(path).items()}


@pytest.fixture
def weigh(tmp_path, monkeypatch):
    return lambda source, **names: weighed(source, tmp_path / "marges.jsonl", monkeypatch, **names)


def test_the_distance_to_the_threshold(weigh):
    found = weigh("assert a < 5 and b >= 2, 'message'", a=3.5, b=7)
    assert found == {"a < 5": 1.5, "b >= 2": 5}


def test_the_smallest_of_several(weigh):
    assert weigh("assert (x > 1).all()", x=np.array([4.0, 1.5, 9])) == {"x > 1": 0.5}
    assert weigh("for x in (4, 1.25, 9):\n    assert x > 1") == {"x > 1": 0.25}
    assert weigh("assert all(x > 1 for x in (3, 2))") == {"x > 1": 1}
    assert weigh("assert (x > 1).all()", x=np.array([])) == {}


def test_what_a_count_counts_is_left_alone(weigh):
    assert weigh("assert sum(x > 1 for x in (3, 2, 0)) >= 2") == {"sum((x > 1 for x in (3, 2, 0))) >= 2": 0}


def test_a_chain_is_weighed_link_by_link(tmp_path, monkeypatch):
    path = tmp_path / "marges.jsonl"
    weighed("assert 1 < a < 9", path, monkeypatch, a=3)
    assert sorted(marges.margins(path).values()) == [2, 6]


def test_the_rest_is_left_alone(weigh):
    assert weigh("assert 'a' < 'b'\nassert 3 == 3\ndef f():\n    assert 1 < 2\nf()") == {}


def test_a_false_claim_still_fails(weigh):
    for source in ("assert 3 < 2", "assert 1 < 3 < 2", "assert all(x > 2 for x in (3, 2))"):
        with pytest.raises(AssertionError):
            weigh(source)


def test_lines_do_not_move():
    source = "x = 3\n\nassert (\n    x < 5\n    and x > 1\n)\n"
    before, after = ast.parse(source), ast.fix_missing_locations(marges.Weigher().visit(ast.parse(source)))
    assert [node.lineno for node in before.body] == [node.lineno for node in after.body]


def test_fragile_claims():
    """Solide : une marge constante, ou grande devant son écart type ; fragile : le reste, la pire d'abord."""
    claims = {"constante": [1, 1, 1], "large": [9, 10, 11], "juste": [1, 2, 3], "tombée": [-1, 20, 21]}
    runs = [{("assert …", 1, 0, name): values[k] for name, values in claims.items()} for k in range(3)]
    assert [text.split()[0] for text, _ in marges.fragile(runs)] == ["tombée", "juste"]
    assert marges.fragile(runs)[1][1] == [1, 2, 3]


def test_the_kernel_keeps_the_search_path(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "ailleurs")
    found = marges.environment(tmp_path / "x")
    assert found["PYTHONPATH"].split(":") == [str(marges.SCRIPTS), "ailleurs"]
    monkeypatch.delenv("PYTHONPATH")
    assert marges.environment(tmp_path / "x")["PYTHONPATH"] == str(marges.SCRIPTS)
