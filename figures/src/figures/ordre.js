/* « Écrivez votre séquence » : les réseaux entraînés par le chapitre lisent un texte de B, E, a, b, c, d, X et Y.
 *
 * Le texte est la seule commande de la séquence : un nombre y tient lieu d'autant de symboles de bruit.
 * Les poignées du dessin et les boutons ne font que le récrire. */

import { GRUCell, LSTMCell, RNNCell } from "../cells.js";
import { colour, french, path, Plot, svg } from "../draw.js";
import { figure, FigureError } from "../frame.js";
import { Readout, softmax } from "../readout.js";
import { decodeWeights, loadWeights } from "../weights.js";

const CELLS = { RNN: RNNCell, GRU: GRUCell, LSTM: LSTMCell };
const CLASSES = "QRSU";
const RULE = /** @type {Record<string, string>} */ ({ XX: "Q", XY: "R", YX: "S", YY: "U" });
const CORRECTED = /** @type {Record<string, string>} */ ({ x: "X", y: "Y", e: "E", A: "a", C: "c", D: "d" }); // prettier-ignore
const LONGEST = 200; // symboles
const STEP = 10; // de bruit, par bouton
const DASHES = ["", "7 3", "2 3", "8 3 2 3"];

/** @typedef {{key: string, name: string, short: string, cell: keyof typeof CELLS, score: number, step: number,
 *   weights: import("../weights.js").Exported}} Sent */
/** @typedef {{networks: Sent[], noise: string[], text: string, width: number, lengths: [number, number]}} Data */
/** @typedef {{net: string, text: string, draw: number, seen: string}} State */
/** Un symbole écrit, ou `null` : un symbole de bruit que la figure choisit. @typedef {(string | null)[]} Items */
/** @typedef {{h: Float64Array, c: Float64Array, probabilities: Float64Array, answer: string, sure: number}} Reading */

// -- Le texte -----------------------------------------------------------------------------------

/** @param {string} text @returns {{items: Items, refused: string[], cut: boolean}} */
export function parse(text) {
  const items = /** @type {Items} */ ([]);
  const refused = /** @type {string[]} */ ([]);
  for (const part of text.match(/\d+|\S/gu) ?? []) {
    const symbol = CORRECTED[part] ?? part;
    if (/^\d/.test(part)) {
      for (let n = Math.min(Number(part), LONGEST + 1); n > 0; n--) items.push(null);
    } else if ("XYabcdBE".includes(symbol)) items.push(symbol);
    else if (!refused.includes(part)) refused.push(part);
  }
  return { items: items.slice(0, LONGEST), refused, cut: items.length > LONGEST };
}

/** Le texte d'une séquence : le bruit que la figure choisit redevient un nombre. @param {Items} items */
export function write(items) {
  let [text, run] = ["", 0];
  for (const item of [...items, ""]) {
    if (item === null) run++;
    else {
      text += (run || "") + item;
      run = 0;
    }
  }
  return text;
}

/** Les instants des X et des Y. @param {Items} items @returns {number[]} */
const markersOf = (items) => items.flatMap((item, t) => (item === "X" || item === "Y" ? [t] : []));

/** La séquence commence et finit comme il faut, avec deux X ou Y. @param {Items} items */
function isWellFormed(items) {
  const inside = items.slice(1, -1);
  const ends = items.length > 3 && items[0] === "B" && items[items.length - 1] === "E";
  return ends && !inside.includes("B") && !inside.includes("E") && markersOf(items).length === 2;
}

/** Déplace le symbole de l'instant `from` à l'instant `to`. @param {Items} items @param {number} from @param {number} to */
function moved(items, from, to) {
  const found = items.slice();
  found.splice(to, 0, ...found.splice(from, 1));
  return found;
}

/** Place le dernier symbole à l'instant `to` : le bruit qui le précède s'allonge, ou raccourcit.
 * @param {Items} items @param {number} to */
function ended(items, to) {
  const last = items.length - 1;
  const kept = items.slice(0, Math.min(to, last));
  return [...kept, ...Array(Math.max(0, to - last)).fill(null), items[last]];
}

/** Les instants permis à une poignée : deux symboles ne se croisent pas. @param {Items} items @param {number} t */
function bounds(items, t) {
  const last = items.length - 1;
  const stops = [items[0] === "B" ? 0 : -1, ...markersOf(items), items[last] === "E" ? last : last + 1]; // prettier-ignore
  const rank = stops.indexOf(t);
  return [stops[rank - 1] + 1, rank === stops.length - 1 ? LONGEST - 1 : stops[rank + 1] - 1];
}

/** @param {State} state @param {number} change */
function lengthen(state, change) {
  const { items } = parse(state.text);
  const last = items.length - 1;
  const least = Math.max(0, ...markersOf(items)) + 1;
  if (items[last] !== "E") return;
  const to = Math.max(Math.min(least, last), Math.min(LONGEST - 1, last + change));
  state.text = write(ended(items, to));
}

// -- Les réseaux --------------------------------------------------------------------------------

const LOADED = new WeakMap();

/** Les réseaux, prêts à lire. @param {Data} data @returns {{sent: Sent, cell: any, readout: Readout}[]} */
function networks(data) {
  if (!LOADED.has(data)) LOADED.set(data, data.networks.map(load));
  return LOADED.get(data);
}

/** @param {Sent} sent */
function load(sent) {
  try {
    const decoded = decodeWeights(sent.weights);
    const [rows, D] = decoded.shapes["layer.W_x"];
    const Kind = CELLS[sent.cell];
    const cell = new Kind(D, rows / Kind.blocks);
    const readout = new Readout(cell.hiddenSize, CLASSES.length);
    loadWeights(cell, decoded, "layer.");
    loadWeights(readout, decoded);
    return { sent, cell, readout };
  } catch (error) {
    throw new FigureError(
      `les poids du réseau « ${sent?.name} » sont illisibles (${/** @type {Error} */ (error).message})`,
    );
  }
}

/** Ce qu'un réseau fait d'une séquence, précédée d'assez de vide, comme à l'apprentissage.
 * @param {{sent: Sent, cell: any, readout: Readout}} network @param {string} symbols @param {Data} data @returns {Reading} */
function read({ sent, cell, readout }, symbols, data) {
  const [n, H, K] = [symbols.length, cell.hiddenSize, CLASSES.length];
  const padding = Math.max(1, data.width - n);
  const order = /** @type {string[]} */ (sent.weights.symbols);
  const run = cell.newRun(padding + n);
  for (let t = 0; t < n; t++) run.x[(padding + t) * cell.inputSize + order.indexOf(symbols[t])] = 1;
  cell.forward(run);
  const steps = Math.max(1, n); // une séquence vide garde la réponse du vide
  const first = padding + n + 1 - steps;
  const probabilities = new Float64Array(steps * K);
  readout.forward(run.h, first, steps, probabilities);
  softmax(probabilities, steps, K, probabilities);
  const last = [...probabilities.slice(-K)];
  const sure = Math.max(...last);
  const [h, c] = [run.h.slice(first * H), run.c.slice(first * H)];
  return { h, c, probabilities, answer: CLASSES[last.indexOf(sure)], sure };
}

/** La séquence, ce que la règle en dit, et ce qu'en dit chaque réseau.
 * @param {State} state @param {Data} data */
export function compute({ net, text, draw }, data) {
  const { items, refused, cut } = parse(text);
  const noise = data.noise[draw % data.noise.length];
  const symbols = items.map((item, t) => item ?? noise[t % noise.length]).join("");
  const markers = markersOf(items);
  const wellFormed = isWellFormed(items);
  const expected = wellFormed ? RULE[markers.map((t) => symbols[t]).join("")] : "";
  const readings = Object.fromEntries(
    networks(data).map((network) => [network.sent.key, read(network, symbols, data)]),
  );
  return { items, refused, cut, symbols, markers, expected, readings, reading: readings[net] };
}

/** @typedef {ReturnType<typeof compute>} Values */

// -- Le dessin ----------------------------------------------------------------------------------

const STRIP = 104;
const [CHANCES, STATES, ROW] = [140, 220, 26];
const LAST = 2; // le rang de la poignée de la fin
const MARGINS = { left: 50, right: 28, top: 8, bottom: 24 };

/** @param {import("../frame.js").Surface} surface @param {State} state @param {Values} values @param {Data} data */
function draw(surface, state, values, data) {
  const { width, resize } = surface;
  remember(state, values);
  const top = STRIP + CHANCES + STATES;
  resize(top + ROW * (data.networks.length + 1));
  const x = /** @type {[number, number]} */ ([
    0,
    Math.max(data.width - 1, values.items.length + 8),
  ]);
  const chances = chancesPlot({ x: 0, y: STRIP, width, height: CHANCES }, x, values);
  const box = { x: 0, y: STRIP + CHANCES, width, height: STATES };
  const { scene, handles } = parts(surface);
  scene.replaceChildren(
    strip(chances.x, values),
    chances.node,
    statesPlot(box, x, values).node,
    answers(top, surface, state, values, data),
  );
  placeHandles(handles, chances.x, values);
}

/** @typedef {{node: SVGElement, stem: SVGElement, letter: SVGElement, t: number, items: Items, x: import("../draw.js").Scale}} Handle */

const PARTS = new WeakMap();

/** Le fond, redessiné chaque fois, et les poignées, qui restent : elles gardent le focus, et le doigt qui les tire.
 * @param {import("../frame.js").Surface} surface @returns {{scene: SVGElement, handles: Handle[]}} */
function parts({ node, set }) {
  if (!PARTS.has(node)) {
    const scene = svg("g");
    const handles = NAMES.map((_, rank) => newHandle(rank, set));
    node.replaceChildren(scene, ...handles.map((handle) => handle.node));
    node.setAttribute("role", "group");
    PARTS.set(node, { scene, handles });
  }
  return PARTS.get(node);
}

/** Note les classes qu'un même réseau a bien données. @param {State} state @param {Values} values */
function remember(state, { expected, reading }) {
  const [net, found = ""] = state.seen.split(":");
  const before = net === state.net ? found : "";
  const right = expected !== "" && expected === reading.answer && !before.includes(expected);
  state.seen = `${state.net}:${before}${right ? expected : ""}`;
}

/** La bande des symboles : des lettres, ou des tirets à quatre hauteurs quand la place manque.
 * Ceux que tient une poignée s'y lisent.
 * @param {import("../draw.js").Scale} x @param {Values} values */
function strip(x, { items, markers, symbols }) {
  const size = x.at(1) - x.at(0);
  const held = heldBy(items, markers);
  const times = [...symbols].map((_, t) => t).filter((t) => !held.includes(t));
  const small = size < 5.5;
  const written = times.filter((t) => !small || !"abcd".includes(symbols[t]));
  const font = small ? 12 : Math.min(13, size * 1.7);
  const text = svg("text", { x: written.map((t) => x.at(t).toFixed(1)).join(" "), y: STRIP / 2 + 4, "text-anchor": "middle", style: `font-size:${font}px` }, written.map((t) => symbols[t]).join("")); // prettier-ignore
  const dashes = times.filter((t) => small && "abcd".includes(symbols[t]));
  const level = (/** @type {number} */ t) => STRIP / 2 + 6 - 4 * "abcd".indexOf(symbols[t]);
  const d = dashes.map((t) => `M${(x.at(t) - size / 3).toFixed(1)} ${level(t)}h${(size / 1.5).toFixed(1)}`); // prettier-ignore
  const style = { stroke: colour("neutral"), "stroke-width": 2.5 };
  return svg("g", {}, text, svg("path", { d: d.join(""), ...style }));
}

/** L'instant que tient chaque poignée, s'il y en a un. @param {Items} items @param {number[]} markers */
function heldBy(items, markers) {
  const last = items.length - 1;
  const found = [...(markers.length > 2 ? [] : markers), undefined, undefined].slice(0, 2);
  return [...found, items[last] === "E" && last > 0 ? last : undefined];
}

const NAMES = ["Premier symbole", "Second symbole", "Fin de la séquence"];
const HEIGHTS = [18, STRIP - 18, STRIP / 2];

/** Une poignée : un curseur, que l’on tire ou que l’on déplace aux flèches.
 * @param {number} rank @param {(changes: any) => void} set @returns {Handle} */
function newHandle(rank, set) {
  const role = colour(rank === LAST ? "neutral" : "input");
  const stem = svg("line", { x1: 0, x2: 0, y1: 0, y2: 0, stroke: role });
  const disc = { r: 13, fill: colour("paper"), stroke: role, "stroke-width": 2.5 };
  const style = "font-weight:700;pointer-events:none";
  const letter = svg("text", { "text-anchor": "middle", y: 5, style });
  const node = svg(
    "g",
    { role: "slider", "data-poignee": rank },
    stem,
    svg("circle", disc),
    letter,
  );
  const handle = /** @type {Handle} */ ({ node, stem, letter });
  node.addEventListener("keydown", (event) => press(event, handle, rank, set));
  node.addEventListener("pointerdown", (event) => drag(event, handle, rank, set));
  return handle;
}

/** Met les poignées à leur place ; une séquence qui n’en a pas l’usage n’en montre pas.
 * @param {Handle[]} handles @param {import("../draw.js").Scale} x @param {Values} values */
function placeHandles(handles, x, { items, markers }) {
  const places = heldBy(items, markers);
  for (const [rank, handle] of handles.entries()) {
    const t = places[rank];
    if (t === undefined) handle.node.setAttribute("display", "none");
    else place(Object.assign(handle, { t, items, x }), rank);
  }
}

/** @param {Handle} handle @param {number} rank */
function place({ node, stem, letter, t, items, x }, rank) {
  const symbol = /** @type {string} */ (items[t]);
  const [least, most] = bounds(items, t);
  const attributes = {
    tabindex: 0,
    display: "inline",
    "aria-label": `${NAMES[rank]}, ${symbol}`,
    "aria-valuemin": least,
    "aria-valuemax": most,
    "aria-valuenow": t,
    "aria-valuetext": `${symbol} à l’instant ${t}`,
    transform: `translate(${x.at(t)} ${HEIGHTS[rank]})`,
  };
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  stem.setAttribute("y2", String(STRIP / 2 - HEIGHTS[rank]));
  letter.textContent = symbol;
}

/** La séquence, une poignée portée de l'instant `t` vers un autre, dans ses bornes.
 * @param {Pick<Handle, "items" | "t">} handle @param {number} rank @param {number} to */
function placed({ items, t }, rank, to) {
  const [least, most] = bounds(items, t);
  const inside = Math.max(least, Math.min(most, to));
  return { t: inside, items: rank === LAST ? ended(items, inside) : moved(items, t, inside) };
}

/** La séquence, X devenu Y ou Y devenu X. @param {Pick<Handle, "items" | "t">} handle @param {string} [letter] */
const flipped = ({ items, t }, letter = items[t] === "X" ? "Y" : "X") => ({
  t,
  items: items.map((item, k) => (k === t ? letter : item)),
});

const MOVES = /** @type {Record<string, number>} */ ({
  ArrowLeft: -1,
  ArrowDown: -1,
  ArrowRight: 1,
  ArrowUp: 1,
  PageDown: -10,
  PageUp: 10,
  Home: -LONGEST,
  End: LONGEST,
});

/** Ce que fait une touche. Deux peuvent se suivre avant que la figure soit redessinée : `handle` le sait aussitôt.
 * @param {KeyboardEvent} event @param {Handle} handle @param {number} rank @param {(changes: any) => void} set */
function press(event, handle, rank, set) {
  const letter = event.key.toUpperCase();
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  let found;
  if (event.key in MOVES) found = placed(handle, rank, handle.t + MOVES[event.key]);
  else if (rank === LAST) return;
  else if (letter === "X" || letter === "Y") found = flipped(handle, letter);
  else if (event.key === " " || event.key === "Enter") found = flipped(handle);
  else return;
  Object.assign(handle, found);
  set({ text: write(found.items) });
  event.preventDefault();
}

/** Tire une poignée ; un simple toucher change X en Y.
 * @param {PointerEvent} event @param {Handle} handle @param {number} rank @param {(changes: any) => void} set */
function drag(event, handle, rank, set) {
  const held = { ...handle };
  const { node } = handle;
  const [start, offset] = [event.clientX, event.clientX - held.x.at(held.t)];
  let travelled = false;
  node.setPointerCapture(event.pointerId);
  const move = (/** @type {PointerEvent} */ now) => {
    travelled ||= Math.abs(now.clientX - start) > 3;
    if (travelled)
      set({ text: write(placed(held, rank, Math.round(held.x.from(now.clientX - offset))).items) });
  };
  const stop = (/** @type {PointerEvent} */ now) => {
    node.removeEventListener("pointermove", move);
    node.removeEventListener("pointerup", stop);
    node.removeEventListener("pointercancel", stop);
    if (!travelled && rank !== LAST && now.type === "pointerup")
      set({ text: write(flipped(held).items) });
  };
  node.addEventListener("pointermove", move);
  node.addEventListener("pointerup", stop);
  node.addEventListener("pointercancel", stop);
}

/** Les quatre probabilités, symbole après symbole.
 * @param {import("../draw.js").Box} box @param {[number, number]} x @param {Values} values */
function chancesPlot(box, x, { symbols, markers, expected, reading }) {
  const y = /** @type {[number, number]} */ ([0, 1]);
  const options = { x, y, yLabel: "probabilité", yTicks: 2, margins: MARGINS };
  const plot = new Plot(box, options);
  const n = symbols.length;
  const times = Array.from({ length: n }, (_, t) => t);
  raise(plot, markers);
  const ends = [];
  for (const [k, name] of [...CLASSES].entries()) {
    const chances = times.map((t) => reading.probabilities[t * CLASSES.length + k]);
    const right = name === expected;
    plot.line(times, chances, { role: "output", "stroke-width": right ? 3 : 1.5, "stroke-dasharray": DASHES[k] }); // prettier-ignore
    if (n) ends.push({ name, right, y: plot.y.at(chances[n - 1]) });
  }
  for (const { name, right, y } of spread(ends, plot.edges.top + 6, plot.edges.bottom)) {
    const style = right ? "font-weight:700" : "";
    const attributes = { x: plot.x.at(n - 1) + 16, y: y + 4, style };
    plot.content.append(svg("text", attributes, right ? `${name}✓` : name));
  }
  return plot;
}

/** Un trait sous chaque X et chaque Y. @param {Plot} plot @param {number[]} markers */
function raise(plot, markers) {
  const style = { role: "input", "stroke-width": 1, "stroke-dasharray": "3 3" };
  for (const t of markers) plot.line([t, t], plot.y.domain, style);
}

/** Écarte des étiquettes, de haut en bas, sans sortir. @template {{y: number}} T @param {T[]} ends @param {number} top @param {number} bottom */
function spread(ends, top, bottom, gap = 14) {
  const found = ends.toSorted((a, b) => a.y - b.y).map((end) => ({ ...end }));
  for (const [k, end] of found.entries()) end.y = Math.max(end.y, k ? found[k - 1].y + gap : top);
  for (let k = found.length - 1, most = bottom; k >= 0; k--, most -= gap)
    found[k].y = Math.min(found[k].y, most);
  return found;
}

/** Les états de toutes les unités, tels quels.
 * @param {import("../draw.js").Box} box @param {[number, number]} x @param {Values} values */
function statesPlot(box, x, { symbols, markers, reading }) {
  const memory = reading.c.length > 0;
  const states = memory ? reading.c : reading.h;
  const largest = Math.max(1, ...states.map(Math.abs));
  const yLabel = memory ? "états de cellule c" : "états h";
  const y = /** @type {[number, number]} */ ([-largest * 1.04, largest * 1.04]);
  const margins = { ...MARGINS, bottom: 40 };
  const plot = new Plot(box, { x, y, xLabel: "instant", yLabel, yTicks: 4, margins });
  raise(plot, markers);
  const n = symbols.length;
  const H = states.length / Math.max(1, n);
  const xs = Array.from({ length: n }, (_, t) => plot.x.at(t));
  const d = n ? Array.from({ length: H }, (_, j) => path(xs, xs.map((_, t) => plot.y.at(states[t * H + j])))) : []; // prettier-ignore
  const stroke = colour(memory ? "cell" : "hidden");
  plot.add("path", { d: d.join(""), fill: "none", stroke, "stroke-width": 1.3, "stroke-opacity": 0.85 }); // prettier-ignore
  return plot;
}

/** Les réponses de tous les réseaux, une ligne chacun.
 * @param {number} top @param {import("../frame.js").Surface} surface @param {State} state @param {Values} values @param {Data} data */
function answers(top, { width, set }, state, { readings, expected }, data) {
  const group = svg("g", {});
  const [left, right] = [118, width - 34];
  const size = (right - left) / CLASSES.length;
  for (const [k, name] of [...CLASSES].entries()) {
    const right = name === expected;
    const style = right ? "font-weight:700" : "";
    const words = right ? `${name} ✓${size > 90 ? " attendu" : ""}` : name;
    group.append(svg("text", { x: left + k * size, y: top + 17, style }, words));
  }
  for (const [rank, { key, short }] of data.networks.entries()) {
    const y = top + (rank + 1) * ROW;
    const row = svg("g", { class: "reponse", "data-reseau": key, style: "cursor:pointer" });
    const [shade, style] = key === state.net ? [0.5, "font-weight:700"] : [0, ""];
    const mark = expected === "" ? readings[key].answer : expected === readings[key].answer ? "✓" : "✗"; // prettier-ignore
    row.append(
      svg("rect", { x: 0, y, width, height: ROW, fill: colour("grid"), "fill-opacity": shade }),
      svg("text", { x: 4, y: y + 17, style }, short),
      ...bars(readings[key], left, y + 7, size),
      svg("text", { x: width - 24, y: y + 17, style: "font-weight:700" }, mark),
    );
    row.addEventListener("click", () => set({ net: key }));
    group.append(row);
  }
  return group;
}

/** Les quatre probabilités d'une réponse : des barres, dont la plus longue se distingue.
 * @param {Reading} reading @param {number} left @param {number} y @param {number} size */
function bars({ answer, probabilities }, left, y, size) {
  const shapes = (/** @type {ArrayLike<number>} */ widths) =>
    [...CLASSES].map((_, k) => `M${left + k * size} ${y}h${((size - 8) * widths[k]).toFixed(1)}v12H${left + k * size}z`); // prettier-ignore
  const found = shapes(probabilities.slice(-CLASSES.length));
  const [best] = found.splice(CLASSES.indexOf(answer), 1);
  const outline = { fill: "none", stroke: colour("neutral"), "stroke-width": 0.6 };
  return [
    svg("path", { d: shapes([1, 1, 1, 1]).join(""), ...outline }),
    svg("path", { d: found.join(""), fill: colour("neutral") }),
    svg("path", { d: best, fill: colour("output") }),
  ];
}

// -- La phrase, les missions --------------------------------------------------------------------

/** @param {State} state @param {Values} values @param {Data} data */
function say({ net }, { items, refused, cut, symbols, markers, expected, reading }, data) {
  const { name } = named(data, net);
  const notes = [];
  if (refused.length > 0)
    notes.push(
      `${refused.map((part) => `« ${part} »`).join(", ")} : ce n’est pas un symbole de la tâche (B, E, a, b, c, d, X, Y, ou un nombre pour autant de bruit) ; la figure l’ignore.`,
    );
  if (cut) notes.push(`La figure s’arrête à ${LONGEST} symboles.`);
  if (items.length === 0) return [...notes, "Écrivez une séquence, par exemple B14X34Y18E."].join(" "); // prettier-ignore
  const answer = `${name} : réponse ${reading.answer}, à ${french(100 * reading.sure, 2)}\u00a0%`;
  if (expected === "")
    notes.push(
      `${answer}. La règle ne dit rien de cette séquence : il lui faut un B au début, un E à la fin, et entre eux deux X ou Y.`,
    );
  else {
    const verdict = expected === reading.answer ? "c’est juste" : `c’est faux, il fallait ${expected}`; // prettier-ignore
    const places = markers.map((t) => `${symbols[t]} à l’instant ${t}`).join(", ");
    notes.push(`${answer} : ${verdict}. ${places}, longueur ${symbols.length}.`);
  }
  return notes.join(" ");
}

/** @param {Data} data @param {string} net */
const named = (data, net) => data.networks.find(({ key }) => key === net) ?? data.networks[0];

/** Ce réseau a appris, et se trompe. @param {State} state @param {Values} values @param {Data} data */
const fooled = ({ net }, { expected, reading }, data) =>
  named(data, net).score > 90 && expected !== "" && expected !== reading.answer;

/** @param {Data} data @returns {import("../frame.js").Mission[]} */
const missions = (data) => [
  {
    text: "Faites répondre juste Q, R, S et U, tour à tour, à un même réseau.",
    done: ({ seen }) => seen.split(":")[1].length === CLASSES.length,
  },
  {
    text: `Allongez le bruit (plus de ${data.lengths[1]} symboles) jusqu’à ce qu’un réseau qui a appris se trompe.`,
    done: (state, values) => values.symbols.length > data.lengths[1] && fooled(state, values, data),
  },
  {
    text: `Trompez-en un avec moins de ${data.lengths[0]} symboles.`,
    done: (state, values) => values.symbols.length < data.lengths[0] && fooled(state, values, data),
  },
  {
    text: "Trouvez une séquence où le RNN, qui n’a rien appris, a raison contre une LSTM qui a appris.",
    done: (state, values) =>
      state.net.startsWith("lstm") &&
      fooled(state, values, data) &&
      values.readings.rnn.answer === values.expected,
  },
];

/** @param {any} data */
function check({ networks, noise, text, width, lengths } = {}) {
  const right =
    Array.isArray(networks) &&
    networks.length > 0 &&
    networks.every(({ cell, key, weights }) => cell in CELLS && key && weights?.symbols) &&
    networks.some(({ key }) => key === "rnn");
  if (!right) throw new FigureError("il faut des réseaux, leurs poids et leurs symboles");
  if (!Array.isArray(noise) || !noise.every((row) => /^[abcd]+$/.test(row)) || !noise.length)
    throw new FigureError("il faut des tirages de bruit, faits de a, b, c et d");
  if (typeof text !== "string" || !Number.isInteger(width) || !Array.isArray(lengths))
    throw new FigureError("il faut une séquence de départ, sa largeur et ses longueurs");
}

/** @param {Data} data @returns {import("../frame.js").Spec} */
export const spec = (data) => {
  check(data);
  networks(data); // des poids abîmés se disent tout de suite
  return {
    name: "ordre",
    title: "Une séquence, et ce qu’en font des réseaux entraînés",
    hidden: { draw: 0, seen: ":" },
    controls: [
      {
        key: "net",
        label: "réseau montré",
        kind: "choice",
        value: data.networks[data.networks.length - 1].key,
        options: data.networks.map(({ key, name }) => [key, name]),
      },
      { key: "text", label: "séquence", kind: "text", value: data.text, maxLength: LONGEST },
      { key: "longer", label: "Allonger le bruit", kind: "button", press: (state) => lengthen(state, STEP) }, // prettier-ignore
      { key: "shorter", label: "Raccourcir le bruit", kind: "button", press: (state) => lengthen(state, -STEP) }, // prettier-ignore
      { key: "new", label: "Autre bruit", kind: "button", press: (state) => void (state.draw += 1) }, // prettier-ignore
    ],
    missions: missions(data),
    compute,
    draw,
    say,
  };
};

export const render = figure(spec);
