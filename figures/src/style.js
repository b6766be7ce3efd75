/* Le style des figures, le même dans la page et dans JupyterLab, où la palette du livre manque : elle est redonnée. */

import { PALETTE } from "./palette.js";

/** @param {"light" | "dark"} theme */
const shades = (theme) =>
  Object.entries(PALETTE)
    .map(([role, shade]) => `--role-${role.replaceAll("_", "-")}: ${shade[theme]};`)
    .join(" ");

export const STYLE = `
:where(.jeu, .jeu-erreur) { ${shades("light")} }
:where(html[data-theme="dark"], [data-jp-theme-light="false"]) :where(.jeu, .jeu-erreur) { ${shades("dark")} }
.jeu { color: var(--role-ink); font-size: 0.95rem; text-align: left; container-type: inline-size; }
.jeu-dessin { display: block; max-width: 100%; height: auto; margin: 0 auto; touch-action: pan-y; }
.jeu-dessin text { font: 13px system-ui, sans-serif; fill: var(--role-ink); }
.jeu-dessin .axes line { stroke: var(--role-grid); stroke-width: 0.8; }
.jeu-dessin [tabindex] { cursor: pointer; }
.jeu-dessin [tabindex]:focus-visible { outline: 3px solid var(--role-input); outline-offset: 1px; }
.jeu-phrase { min-height: 3em; margin: 0.4rem 0; }
.jeu-commandes { display: flex; flex-wrap: wrap; gap: 0.5rem 1.4rem; align-items: center; margin: 0.5rem 0; }
.jeu-commande { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; min-height: 2rem; }
.jeu-commande input[type="range"] { width: 9rem; min-height: 1.75rem; accent-color: var(--role-input); }
.jeu-commande input[type="checkbox"] { width: 1.5rem; height: 1.5rem; accent-color: var(--role-input); }
.jeu-commande output { min-width: 3.5em; font-variant-numeric: tabular-nums; }
.jeu-commande select, .jeu-commande input[type="text"], .jeu-bouton {
  font: inherit; color: var(--role-ink); background: var(--role-paper); border: 1px solid var(--role-neutral);
  border-radius: 0.3rem; padding: 0.2rem 0.6rem; min-height: 2rem; }
@container (max-width: 30rem) { .jeu-commande:has(input[type="range"]) { display: grid; grid-template-columns: 1fr auto; flex: 1 1 100%; }
  .jeu-commande input[type="range"] { grid-row: 2; grid-column: 1 / 3; width: 100%; } }
.jeu-texte { flex: 1 1 100%; } .jeu-texte input { flex: 1 1 12rem; min-width: 0; }
.jeu-bouton { cursor: pointer; } .jeu-bouton:hover { border-color: var(--role-input); }
.jeu :is(button, input, select):focus-visible { outline: 3px solid var(--role-input); outline-offset: 2px; }
.jeu-missions { list-style: none; margin: 0.5rem 0; padding: 0; }
.jeu-missions .marque { font-size: 1.1em; }
.jeu-erreur { border-left: 3px solid var(--role-forget); padding: 0.4rem 0.8rem; text-align: left; }
.jeu-fixe { display: none !important; }
@media print { .jeu { display: none; } .jeu-fixe { display: block !important; } }
`;
