"""Les noms qu'un passage de code définit et ceux qu'il emploie, pour savoir ce qu'il faut imprimer avec lui."""

from __future__ import annotations

import ast
import builtins

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def tree_of(code: str) -> ast.Module:
    """L'arbre du code ; vide pour une commande d'IPython, qui n'est pas du Python."""
    try:
        return ast.parse(code)
    except SyntaxError:
        return ast.Module([], [])


def defined(code: str) -> set[str]:
    """Noms que le passage définit hors de toute fonction."""
    names, pending = set(), list(tree_of(code).body)
    while pending:
        node = pending.pop()
        if isinstance(node, SCOPES):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        if not isinstance(node, (*SCOPES, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            pending += ast.iter_child_nodes(node)
    return names


def used(code: str) -> set[str]:
    """Noms que le passage lit, fonctions comprises, hors ceux du langage."""
    names = (node for node in ast.walk(tree_of(code)) if isinstance(node, ast.Name))
    return {node.id for node in names if isinstance(node.ctx, ast.Load)} - set(dir(builtins))


def needed(cells: list[tuple[bool, str]]) -> list[int]:
    """Rangs des cellules repliées dont dépend une cellule visible, de proche en proche.

    Chaque cellule est un couple : est-elle visible, et son code. Un nom vient de la dernière cellule
    qui l'a défini avant son emploi ; une fonction peut lire un nom défini plus loin.
    """
    kept: set[int] = set()
    pending = [rank for rank, (visible, _) in enumerate(cells) if visible]
    while pending:
        reader = pending.pop()
        for name in used(cells[reader][1]):
            source = origin(name, reader, cells)
            if source is not None and not cells[source][0] and source not in kept:
                kept.add(source)
                pending.append(source)
    return sorted(kept)


def origin(name: str, reader: int, cells: list[tuple[bool, str]]) -> int | None:
    """Cellule d'où vient un nom ; la sienne d'abord, puis la plus proche avant, puis la première après."""
    definers = [rank for rank, (_, code) in enumerate(cells) if name in defined(code)]
    if reader in definers or not definers:
        return None
    before = [rank for rank in definers if rank < reader]
    return before[-1] if before else definers[0]
