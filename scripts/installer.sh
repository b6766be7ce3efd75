#!/usr/bin/env bash
# Installe ce qu'il faut au livre.
#
#   installer.sh venv livre|dev      environnement Python .venv, versions épinglées
#   installer.sh systeme NOM…        paquets Debian de scripts/paquets-NOM.txt
#
# Les paquets du système ne sont installés que si l'on a le droit de le faire (root, ou sudo sans
# mot de passe) ; sinon, la commande exacte à taper est affichée.
set -euo pipefail
cd "$(dirname "$0")/.."

dire() { printf '→ %s\n' "$*"; }
echouer() { printf '\n%s\n' "$*" >&2; exit 1; }

paquets_manquants() {
  local liste paquet
  for liste in "$@"; do
    while read -r paquet; do
      [ -n "$paquet" ] || continue
      [ "$(dpkg-query -W -f '${Status}' "$paquet" 2>/dev/null)" = "install ok installed" ] || echo "$paquet"
    done < "scripts/paquets-$liste.txt"
  done
}

installer_systeme() {
  local manquants
  command -v dpkg-query >/dev/null || { dire "Système sans paquets Debian : je suppose les outils déjà installés."; return; }
  manquants=$(paquets_manquants "$@" | tr '\n' ' ')
  [ -n "${manquants// /}" ] || return 0
  local commande="apt-get update && apt-get install -y --no-install-recommends $manquants"
  dire "Paquets du système à installer : $manquants"
  if [ "$(id -u)" = 0 ]; then
    DEBIAN_FRONTEND=noninteractive bash -c "$commande" >/dev/null
  elif sudo -n true 2>/dev/null; then
    sudo -n env DEBIAN_FRONTEND=noninteractive bash -c "$commande" >/dev/null
  else
    echouer "Il manque des paquets du système, et je n'ai pas le droit de les installer.
Tapez :

  sudo sh -c '$commande'

puis relancez la commande."
  fi
}

trouver_python() {
  local candidat
  for candidat in "${PYTHON:-}" python3.11 python3; do
    [ -n "$candidat" ] || continue
    if "$candidat" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
      echo "$candidat"; return
    fi
  done
  echouer "Python 3.11 est introuvable (cherché : ${PYTHON:+$PYTHON, }python3.11, python3).
Sous Debian 12 : sudo apt-get install python3 python3-venv"
}

installer_venv() {
  local python exigences
  python=$(trouver_python)
  "$python" -c 'import ensurepip, venv' 2>/dev/null || installer_systeme livre
  [ -x .venv/bin/python ] || { dire "Environnement Python : .venv"; "$python" -m venv .venv; }
  exigences=requirements.txt
  [ "$1" = dev ] && exigences=requirements-dev.txt
  if [ -n "${UV_TORCH_BACKEND:-}" ] && ! .venv/bin/python -c 'import torch' 2>/dev/null; then
    dire "PyTorch, variante « $UV_TORCH_BACKEND »"
    .venv/bin/python -m pip install --quiet uv
    .venv/bin/uv pip install --python .venv/bin/python "$(grep '^torch==' requirements.txt)"
  fi
  dire "Paquets Python de $exigences (quelques minutes la première fois)"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$exigences" -c constraints.txt
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
}

action=${1:-}
shift || true
case "$action" in
  venv) installer_venv "${1:-livre}" ;;
  systeme) installer_systeme "$@" ;;
  *) echouer "usage : installer.sh venv livre|dev, ou installer.sh systeme livre|tex|tests…" ;;
esac
