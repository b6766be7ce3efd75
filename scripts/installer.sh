#!/usr/bin/env bash
# Installe ce qu'il faut au livre.
#
#   installer.sh venv livre|jupyter|dev   environnement Python .venv, versions épinglées
#   installer.sh systeme NOM…             paquets Debian de scripts/paquets-NOM.txt
#
# Une ligne « paquet commande » ne demande le paquet que si la commande manque : on peut l'avoir d'ailleurs.
# Les paquets du système ne sont installés que si l'on a le droit de le faire (root, ou sudo sans
# mot de passe) ; sinon, la commande exacte à taper est affichée.
set -euo pipefail
cd "$(dirname "$0")/.."

dire() { printf '→ %s\n' "$*"; }
echouer() { printf '\n%s\n' "$*" >&2; exit 1; }

paquets_manquants() {
  local liste paquet commande
  for liste in "$@"; do
    while read -r paquet commande; do
      [ -n "$paquet" ] || continue
      [ -z "$commande" ] || ! command -v "$commande" >/dev/null || continue
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
    avec_apt env DEBIAN_FRONTEND=noninteractive bash -c "$commande"
  elif sudo -n true 2>/dev/null; then
    avec_apt sudo -n env DEBIAN_FRONTEND=noninteractive bash -c "$commande"
  else
    echouer "Il manque des paquets du système, et je n'ai pas le droit de les installer.
Tapez :

  sudo sh -c '$commande'

puis relancez la commande."
  fi
}

# Lance apt ; si un autre apt est en cours (mise à jour automatique, par exemple), attend qu'il ait fini.
avec_apt() {
  local journal essai
  journal=$(mktemp)
  for essai in $(seq 1 "${APT_ESSAIS:-120}"); do
    if LC_ALL=C "$@" >/dev/null 2>"$journal"; then rm -f "$journal"; return 0; fi
    grep -qE 'Could not get lock|Unable to (acquire|lock)|is another process using it' "$journal" || break
    [ "$essai" -gt 1 ] || dire "apt est déjà en cours sur cette machine : j'attends qu'il finisse (dix minutes au plus)."
    sleep "${APT_PAUSE:-5}"
  done
  cat "$journal" >&2
  rm -f "$journal"
  echouer "apt a échoué : voir ci-dessus.  Une fois la cause levée, relancez la commande."
}

convient() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }

trouver_python() {
  local candidat
  for candidat in "${PYTHON:-}" python3.11 python3.12 python3.13 python3; do
    if [ -n "$candidat" ] && convient "$candidat"; then echo "$candidat"; return; fi
  done
}

# uv obtient un Python convenable sur un système qui n'en a pas : celui du système, sinon le nôtre.
trouver_uv() {
  local version
  if command -v uv >/dev/null; then echo uv; return; fi
  version=$(grep '^uv==' binder/requirements.txt)
  if python3 -m venv _build/uv 2>/dev/null && _build/uv/bin/python -m pip install --quiet "$version" >&2; then
    echo _build/uv/bin/uv
  fi
}

creer_venv() {
  local python uv
  python=$(trouver_python)
  if [ -n "$python" ]; then
    "$python" -c 'import ensurepip, venv' 2>/dev/null || installer_systeme livre
    dire "Environnement Python : .venv ($("$python" -V))"
    "$python" -m venv .venv
    return
  fi
  dire "Ni Python 3.11, ni 3.12, ni 3.13 sur ce système : uv en télécharge un."
  uv=$(trouver_uv)
  [ -z "$uv" ] || "$uv" venv --quiet --seed --python 3.13 .venv || true
  [ -x .venv/bin/python ] || echouer "Il faut Python 3.11, 3.12 ou 3.13 ; cherché : ${PYTHON:+$PYTHON, }python3.11, python3.12, python3.13, python3.
Au choix :
  - installez-en un (Debian 13 : sudo apt-get install python3 python3-venv ; macOS : brew install python@3.13) ;
  - installez uv (https://docs.astral.sh/uv/), qui en obtiendra un, puis relancez la commande ;
  - dites où il est : PYTHON=/chemin/de/python3.12 make livre"
}

verrouiller() {  # deux commandes à la fois n'installent pas dans le même .venv
  command -v flock >/dev/null || return 0
  exec 9>.venv.verrou
  flock --nonblock 9 || { dire "Une autre installation est en cours : on l'attend."; flock 9; }
}

installer_venv() {
  local exigences=requirements.txt
  verrouiller
  [ "$1" = livre ] || exigences=requirements-$1.txt
  [ -f "$exigences" ] || echouer "usage : installer.sh venv livre|jupyter|dev"
  if [ -x .venv/bin/python ] && ! convient .venv/bin/python; then
    echouer "L'environnement .venv n'a pas un Python de 3.11 à 3.13 : effacez-le (rm -rf .venv), puis relancez la commande."
  fi
  [ -x .venv/bin/python ] || creer_venv
  if [ -n "${UV_TORCH_BACKEND:-}" ] && ! .venv/bin/python -c 'import torch' 2>/dev/null; then
    dire "PyTorch, variante « $UV_TORCH_BACKEND »"
    .venv/bin/python -m pip install --quiet "$(grep '^uv==' binder/requirements.txt)"
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
  *) echouer "usage : installer.sh venv livre|jupyter|dev, ou installer.sh systeme livre|tex|tests…" ;;
esac
