# Le livre « Réseaux de neurones récurrents ».  « make » seul donne la liste des cibles.
SHELL := bash
PYTHON_VENV := .venv/bin/python
PORT ?= 8000
PDF_CHOIX = $(foreach nom,CHAPITRE SOLUTIONS API,$(if $($(nom)),"$(nom)=$($(nom))"))
.DEFAULT_GOAL := aide
.PHONY: aide livre ecrire verifier pdf test carnets jupyter dessins figures references arrondis graines mesurer bench mutations lire propre
.PHONY: installer-tex installer-tests

aide: ## Affiche cette liste
	@echo "Cibles :"
	@sed -nE 's/^([a-z-]+):.*## (.*)$$/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-24s %s\n", $$1, $$2 }'

livre: .venv/livre.ok ## Construit le livre HTML (et ses carnets) dans _build/html
	@$(PYTHON_VENV) scripts/etat.py || $(PYTHON_VENV) scripts/livre.py livre
	@echo "Livre : _build/html/index.html"

ecrire: .venv/livre.ok ## Aperçu : la page se recharge à chaque enregistrement (PORT=… pour changer)
	@$(PYTHON_VENV) scripts/ecrire.py $(PORT)

verifier: .venv/dev.ok ## Vérifie sans TeX ni navigateur les chapitres changés, ou un seul (CHAPITRE=…)
	@$(PYTHON_VENV) scripts/verifier.py $(CHAPITRE)

pdf: .venv/livre.ok installer-tex ## Compose le PDF dans _build/pdf (CHAPITRE=lstm SOLUTIONS=fin|non API=non)
	@$(PYTHON_VENV) scripts/composer.py --verifier $(PDF_CHOIX)
	@$(PYTHON_VENV) scripts/dessins.py
	@$(PYTHON_VENV) scripts/composer.py $(PDF_CHOIX)

carnets: .venv/livre.ok ## Écrit les carnets Jupyter dans carnets/, sans rien exécuter
	@$(PYTHON_VENV) scripts/livre.py carnets
	@echo "Carnets : carnets/"

jupyter: .venv/jupyter.ok carnets ## Ouvre les carnets dans JupyterLab, avec le noyau du livre
	@JUPYTER_PREFER_ENV_PATH=1 .venv/bin/jupyter lab --config=binder/jupyter_server_config.py \
	  --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/carnets

dessins: .venv/livre.ok installer-tex ## Rend en SVG les dessins TikZ qui ont changé
	@$(PYTHON_VENV) scripts/dessins.py

figures: .venv/livre.ok ## Construit les scripts des figures interactives
	@$(PYTHON_VENV) scripts/jeux.py

test: .venv/dev.ok installer-tex installer-tests livre pdf ## Passe tous les tests
	@bash scripts/tester.sh

references: .venv/dev.ok ## Met à jour tests/references d'après la construction (CHAPITRE=… pour un seul)
	@$(PYTHON_VENV) scripts/references.py $(CHAPITRE)

arrondis: .venv/livre.ok ## Réexécute les chapitres avec les instructions d'autres processeurs
	@$(PYTHON_VENV) scripts/arrondis.py

graines: .venv/livre.ok ## Rejoue les chapitres avec d'autres graines (CHAPITRE=echo DECALAGES=4,5)
	@$(PYTHON_VENV) scripts/graines.py $(if $(DECALAGES),--decalages $(DECALAGES)) $(CHAPITRE)

mesurer: .venv/livre.ok ## Compte les mots et le code visible des chapitres, estime leur temps de lecture
	@$(PYTHON_VENV) scripts/mesurer.py $(CHAPITRE)

bench: .venv/livre.ok ## Mesure les performances annoncées
	@for mesure in bench/bench_*.py; do $(PYTHON_VENV) $$mesure || exit 1; done

mutations: .venv/dev.ok ## Glisse des fautes dans le paquet, compte celles que les tests voient (PARTIE=plotting NOMBRE=100)
	@$(PYTHON_VENV) scripts/mutations.py $(if $(PARTIE),--partie $(PARTIE)) $(if $(NOMBRE),--nombre $(NOMBRE))

lire: livre ## Sert le livre sur http://127.0.0.1:8000 (PORT=… pour changer)
	@$(PYTHON_VENV) scripts/servir.py $(PORT)

propre: ## Efface tout ce qui est engendré, sauf l'environnement .venv
	@rm -rf _build carnets .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

installer-tex: ## Installe TeX (pour make pdf et make dessins)
	@scripts/installer.sh systeme tex

installer-tests: ## Installe les outils du système dont les tests ont besoin
	@scripts/installer.sh systeme tests

.venv/livre.ok: requirements.txt constraints.txt pyproject.toml scripts/installer.sh
	@scripts/installer.sh venv livre
	@touch $@

.venv/jupyter.ok: requirements-jupyter.txt .venv/livre.ok
	@scripts/installer.sh venv jupyter
	@touch $@

.venv/dev.ok: requirements-dev.txt requirements-jupyter.txt .venv/livre.ok
	@scripts/installer.sh venv dev
	@touch $@
