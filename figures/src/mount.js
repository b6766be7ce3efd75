/* Dans la page : trouver les données d'une figure, prendre la place de son image fixe, la rendre si tout va bien. */

import { fail, FigureError } from "./frame.js";

/** @param {string} name @param {(context: {model: {get: (key: string) => any}, el: HTMLElement}) => unknown} render */
export function mount(name, render) {
  const start = () => {
    for (const source of document.querySelectorAll(
      `script[type="application/json"][data-figure="${name}"]`,
    )) {
      place(/** @type {HTMLElement} */ (source), render);
    }
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
}

/** @param {HTMLElement} source @param {(context: {model: {get: (key: string) => any}, el: HTMLElement}) => unknown} render */
function place(source, render) {
  const el = document.createElement("div");
  el.dataset.figure = source.dataset.figure;
  const still = source.closest(".cell_output")?.querySelector("svg.figure-svg");
  if (still) still.before(el);
  else source.before(el);
  let data;
  try {
    data = JSON.parse(source.textContent ?? "");
  } catch {
    fail(el, new FigureError("ses données sont abîmées"));
    return;
  }
  const values = /** @type {Record<string, any>} */ ({ data, page: true });
  render({ model: { get: (key) => values[key] }, el });
  if (el.dataset.etat === "prete") still?.classList.add("jeu-fixe");
}
