/* Ce que l'on touche dans un dessin : au doigt, à la souris et au clavier. */

import { svg } from "./draw.js";

/** Ce que chaque flèche du clavier ajoute à une place (ligne, colonne). @type {Record<string, [number, number]>} */
export const MOVES = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** Un élément que l'on peut toucher, cliquer, ou atteindre au clavier ; un redessin n'en change que le contenu,
 * et le focus y reste. `move` rend vrai quand il a compris la touche.
 * @param {SVGElement} layer @param {() => void} press @param {(key: string) => boolean} move */
export function touchable(layer, press, move) {
  const node = svg("g", { role: "button", tabindex: -1 });
  node.addEventListener("click", press);
  node.addEventListener("keydown", (event) => {
    const { key } = /** @type {KeyboardEvent} */ (event);
    if (key === "Enter" || key === " ") press();
    else if (!move(key)) return;
    event.preventDefault();
  });
  layer.append(node);
  return node;
}

/** Donne le focus, et la place que la tabulation retrouvera. @param {SVGElement} node */
export function focus(node) {
  node.setAttribute("tabindex", "0");
  node.focus();
}

/** Ôte les éléments qui n'existent plus. @template K
 * @param {Map<K, SVGElement>} nodes @param {(key: K) => boolean} exists */
export function prune(nodes, exists) {
  for (const [key, node] of nodes) {
    if (exists(key)) continue;
    node.remove();
    nodes.delete(key);
  }
}
