# Le livre « Réseaux de neurones récurrents ».  « make » seul donne la liste des cibles.
SHELL := bash
PYTHON_VENV := .venv/bin/python
PORT ?= 8000
.DEFAULT_GOAL := aide
.PHONY: aide livre pdf test carnets dessins references arrondis graines mesurer bench mutations lire propre installer-tex installer-tests

aide: ## Affiche cette liste
	@echo "Cibles :"
	@sed -nE 's/^([a-z-]+):.*## (.*)$$/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-24s %s\n", $$1, $$2 }'

livre: .venv/livre.ok ## Construit le livre HTML (et ses carnets) dans _build/html
	@$(PYTHON_VENV) scripts/dessins.py
	@$(PYTHON_VENV) scripts/livre.py html
	@echo "Livre : _build/html/index.html"

pdf: .venv/livre.ok installer-tex ## Compose le PDF dans _build/pdf
	@$(PYTHON_VENV) scripts/dessins.py
	@$(PYTHON_VENV) scripts/livre.py pdf
	@echo "PDF : _build/pdf/reseaux-recurrents.pdf"

carnets: .venv/livre.ok ## Écrit les carnets Jupyter dans carnets/, sans rien exécuter
	@$(PYTHON_VENV) scripts/livre.py carnets
	@echo "Carnets : carnets/"

dessins: .venv/livre.ok installer-tex ## Rend en SVG les dessins TikZ qui ont changé
	@$(PYTHON_VENV) scripts/dessins.py

test: .venv/dev.ok installer-tex installer-tests livre pdf ## Passe tous les tests
	@bash scripts/tester.sh

references: .venv/dev.ok ## Réexécute les chapitres et met à jour tests/references
	@$(PYTHON_VENV) scripts/references.py

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
	@$(PYTHON_VENV) -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

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

.venv/dev.ok: requirements-dev.txt .venv/livre.ok
	@scripts/installer.sh venv dev
	@touch $@
