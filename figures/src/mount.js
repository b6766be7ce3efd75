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
  adopt(name);
  document.addEventListener("click", (event) => follow(name, event));
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

/** Le réglage que demande une adresse, « ?figure=unite&w=1.5 », tel que la figure le lit après le « # ».
 * @param {string} name @param {string} search */
function wanted(name, search) {
  const query = new URLSearchParams(search);
  if (query.get("figure") !== name) return "";
  query.delete("figure");
  return `#${name}?${query}`;
}

/** Venu d'une autre page par un lien de réglage, le lecteur trouve la figure réglée. @param {string} name */
function adopt(name) {
  const hash = wanted(name, location.search);
  if (hash) history.replaceState(null, "", location.pathname + hash);
}

/** Un lien de réglage de la page ne la recharge pas. @param {string} name @param {MouseEvent} event */
function follow(name, event) {
  const link = /** @type {Element} */ (event.target).closest?.("a.reglage");
  const hash = link ? wanted(name, /** @type {HTMLAnchorElement} */ (link).search) : "";
  if (!hash || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (location.hash === hash) window.dispatchEvent(new Event("hashchange"));
  else location.hash = hash;
}
