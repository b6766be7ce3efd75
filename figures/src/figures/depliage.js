/* Le réseau déplié, d'une seule unité : l'état passe de pas en pas, puis (mode « retour ») le gradient revient.
 *
 * Sous le réseau, colonne sous colonne, une grille. Mode « aller » : l'influence de x_s sur h_t. Mode « retour » :
 * ce que la perte du pas t demande à l'usage de W_h au pas s, et sous chaque colonne, leur somme δ_s h_{s−1}. */

import { RNNCell } from "../cells.js";
import { colour, french, svg } from "../draw.js";
import { figure, FigureError } from "../frame.js";
import { focus, MOVES, prune, touchable } from "../touch.js";
import { fitted, label, wrapped } from "../words.js";

const [LEAST, MOST] = [3, 6]; // nombre de pas
const LARGEST = 3; // une entrée tapée se borne à ±3
const PLAYED_EVERY = 1100; // ms
const ROW = 28; // une case se touche du doigt
const NONE = "aucune";

/** @typedef {{mode: "aller" | "retour", x: number[], w: number, target?: number}} Data */
/** @typedef {{w: number, inputs: string, step: number, cell: string, playing?: boolean}} State */

// -- Nombres --------------------------------------------------------------------------------------

/** Les nombres d'un texte, « 1 0 −0,5 » : de trois à six, bornés ; ce qui n'en est pas vaut 0. @param {string} text */
export function parse(text) {
  const words = text
    .trim()
    .split(/[\s;]+/)
    .filter(Boolean)
    .slice(0, MOST);
  const numbers = words.map((word) => Number(word.replace("−", "-").replace(",", ".")));
  const x = numbers.map((value) => Math.max(-LARGEST, Math.min(LARGEST, value)) || 0);
  while (x.length < LEAST) x.push(0);
  return { x, wrong: words.filter((_, k) => Number.isNaN(numbers[k])) };
}

/** La cellule du cours, à une unité : W_x = 1, b = 0, h_0 = 0. @param {number} w @param {number[]} x */
function unrolled(w, x) {
  const cell = new RNNCell(1, 1);
  cell.params.W_h[0] = w;
  cell.params.W_x[0] = 1;
  const run = cell.newRun(x.length);
  run.x.set(x);
  cell.forward(run);
  return { cell, run };
}

/** Un retour où les seuls pas de `from` à `to` donnent un gradient à leur état.
 * @param {ReturnType<typeof unrolled>} net @param {(t: number) => number} given @param {number} from @param {number} to */
function returned({ cell, run }, given, from, to) {
  run.clearGradients();
  cell.zeroGrad();
  for (let t = from; t <= to; t++) run.dh[t] = given(t);
  cell.backward(run, { length: to });
  const kept = (/** @type {import("../products.js").Vector} */ values) =>
    Array.from(values).slice(0, to);
  return {
    dx: kept(run.dx),
    delta: kept(run.delta),
    dh: Array.from(run.dh),
    dW_h: cell.grads.W_h[0],
  };
}

/** Les états, la grille (ligne t, colonne s, de 1 à T), et, au retour, les signaux d'erreur et les parts du gradient.
 * @param {State} state @param {Data} data */
export function compute({ w, inputs }, { mode, target = 1 }) {
  const { x, wrong } = parse(inputs);
  const T = x.length;
  const net = unrolled(w, x);
  const h = Array.from(net.run.h);
  const slopes = h.map((value) => 1 - value * value); // tanh' en a_t
  const factors = slopes.map((slope) => w * slope); // ∂h_t/∂h_{t−1}
  const steps = Array.from({ length: T }, (_, k) => k + 1);
  const direct = h.map((value, t) => (t ? value - target : 0));
  const back = mode === "retour";
  const grid = steps.map((t) => {
    const one = returned(net, (k) => (back ? direct[k] : 1), t, t);
    return back ? one.delta.map((value, k) => value * h[k]) : one.dx;
  });
  const common = { T, x, wrong, h, slopes, factors, grid };
  if (!back) return common;
  const { delta, dh, dW_h } = returned(net, (t) => direct[t], 1, T);
  const losses = direct.map((value) => (value * value) / 2);
  const parts = delta.map((value, k) => value * h[k]);
  return { ...common, direct, losses, delta, dh, parts, total: dW_h };
}

/** @typedef {ReturnType<typeof compute> & {direct?: number[], losses?: number[], delta?: number[], dh?: number[],
 *   parts?: number[], total?: number}} Values */

/** Où l'on en est : le dernier pas de l'aller, et le dernier pas du retour (T + 1 s'il n'a pas commencé).
 * @param {{step: number}} state @param {number} T @param {boolean} back */
export function moment({ step }, T, back) {
  const done = Math.min(Math.round(step), back ? 2 * T : T);
  return { done, forth: Math.min(done, T), until: back ? Math.min(T + 1, 2 * T + 1 - done) : 1 };
}

/** La case choisie, ou rien si elle n'existe pas à cette longueur. @param {State} state @param {number} T */
function chosen({ cell }, T) {
  const [t, s] = cell.split("-").map(Number);
  return s >= 1 && s <= t && t <= T ? { t, s } : undefined;
}

/** Un nombre en peu de signes, pour une case. @param {number} value */
export function short(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 5e-4) return french(value, 1);
  const digits = size < 0.1 ? 3 : size < 9.95 ? 2 : size < 99.5 ? 1 : 0;
  return value.toFixed(digits).replace(".", ",").replace("-", "−");
}

/** « h₃ », « xₛ »… @param {string} letter @param {number} k */
const named = (letter, k) => letter + "₀₁₂₃₄₅₆"[k];

// -- Dessin ---------------------------------------------------------------------------------------

/** @typedef {{layers: Record<string, SVGElement>, cells: Map<string, SVGElement>, taps: Map<number, SVGElement>,
 *   timer: number | undefined, set: (changes: any) => void, state: State, values: Values}} Stage */

/** @type {WeakMap<SVGElement, Stage>} */
const STAGES = new WeakMap();

/** Ce qui survit d'un dessin à l'autre : les éléments qui peuvent avoir le focus. @param {SVGElement} node */
function stageOf(node) {
  let stage = STAGES.get(node);
  if (!stage) {
    const layers = { back: svg("g"), taps: svg("g"), cells: svg("g"), front: svg("g") };
    layers.front.setAttribute("pointer-events", "none");
    node.replaceChildren(...Object.values(layers));
    node.setAttribute("role", "group");
    stage = /** @type {any} */ ({ layers, cells: new Map(), taps: new Map() });
    STAGES.set(node, /** @type {Stage} */ (stage));
  }
  return /** @type {Stage} */ (stage);
}

/** Les hauteurs des rangées, et l'abscisse de chaque pas. @param {number} width @param {number} T @param {boolean} back */
function layoutOf(width, T, back) {
  const left = 50;
  const column = (width - left - 4) / T;
  const box = Math.min(66, column - 5);
  const at = (/** @type {number} */ k) =>
    k ? left + (k - 0.5) * column : Math.min(24, box / 2 + 2);
  const top = back ? 62 : 26;
  const lines = wrapped(back ? TITLES.retour : TITLES.aller, width);
  const x = top + 42 + 46;
  const delta = x + 28 + 20;
  const title = (back ? delta : x + 28) + 26;
  const grid = title + lines.length * 17 - 4;
  const bottom = grid + T * ROW;
  return { width, left, column, box, at, top, x, delta, title, lines, grid, bottom };
}

/** @typedef {ReturnType<typeof layoutOf>} Layout */

const TITLES = {
  aller: "Influence de chaque entrée (colonne) sur chaque état (ligne) : ∂hₜ/∂xₛ",
  retour: "Ce que chaque perte (ligne) demande à l’usage de Wₕ à chaque pas (colonne)",
};

/** Une flèche en arc, d'un pas à un autre, par-dessus les états (aller) ou par-dessous (retour, en tirets).
 * @param {Layout} layout @param {number} from @param {number} to @param {{thick: boolean, faint: boolean}} how */
function arc({ at, top }, from, to, { thick, faint }) {
  const back = to < from;
  const [y, bend, role] = back ? [top + 44, 20, "gradient"] : [top - 2, -20, "hidden"];
  const side = Math.sign(to - from) * 7;
  const [x1, x2] = [at(from) + side, at(to) - side];
  const d = `M${x1} ${y}Q${(x1 + x2) / 2} ${y + bend} ${x2} ${y}`;
  const slope = Math.atan2(-bend, (x2 - x1) / 2);
  return arrow(d, x2, y, slope, { role, thick, faint, dashed: back });
}

/** Un trait et sa pointe. @param {string} d @param {number} x @param {number} y @param {number} angle
 * @param {{role: string, thick?: boolean, faint?: boolean, dashed?: boolean}} style */
function arrow(d, x, y, angle, { role, thick = false, faint = false, dashed = false }) {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const size = thick ? 9 : 6;
  const point = (/** @type {number} */ a, /** @type {number} */ b) =>
    `${(x - a * c - b * s).toFixed(1)} ${(y - a * s + b * c).toFixed(1)}`;
  const line = {
    d,
    fill: "none",
    stroke: colour(role),
    "stroke-width": thick ? 4.5 : 1.6,
    "stroke-dasharray": dashed ? (thick ? "7 3" : "4 3") : undefined,
  };
  const tip = `M${x} ${y}L${point(size, size / 2)}L${point(size, -size / 2)}Z`;
  return svg(
    "g",
    { opacity: faint ? 0.3 : 1 },
    svg("path", line),
    svg("path", { d: tip, fill: colour(role) }),
  );
}

/** Une boîte : son nom, puis sa valeur ; en pointillé si elle n'est pas encore calculée.
 * @param {Layout} layout @param {number} k @param {number} y @param {number} height @param {string} role
 * @param {[string, string]} words @param {{known?: boolean, now?: boolean, lit?: boolean}} how */
function box(
  { at, box: widest },
  k,
  y,
  height,
  role,
  [name, value],
  { known = true, now, lit } = {},
) {
  const size = k ? widest : Math.min(widest, 44);
  const border = {
    x: at(k) - size / 2,
    y,
    width: size,
    height,
    rx: 5,
    fill: colour(role),
    "fill-opacity": lit ? 0.3 : 0.1,
    stroke: colour(role),
    "stroke-width": now ? 3.5 : lit ? 2.6 : 1.3,
    "stroke-dasharray": known ? undefined : "3 3",
  };
  const node = svg("g", {}, svg("rect", border), label(at(k), y + 15, name, { bold: now }));
  node.append(label(at(k), y + height - 6, known ? value : "?", { size: fitted(value, size) }));
  return node;
}

/** @param {import("../frame.js").Surface} surface @param {State} state @param {Values} values @param {Data} data */
function draw({ node, width, resize, set }, state, values, { mode }) {
  const stage = stageOf(node);
  const back = mode === "retour";
  const { T } = values;
  const now = moment(state, T, back);
  const cell = chosen(state, T);
  const layout = layoutOf(width, T, back);
  Object.assign(stage, { set, state, values });
  resize(layout.bottom + (back ? 122 : 6));
  stage.layers.back.replaceChildren(...network(layout, values, now, cell, back));
  drawTaps(stage, layout);
  drawCells(stage, layout, now, cell, back);
  stage.layers.front.replaceChildren(...(back ? accumulated(layout, values, now) : []));
  play(stage, node, now.done, back ? 2 * T : T);
}

/** @typedef {ReturnType<typeof moment>} Moment */
/** @typedef {{t: number, s: number} | undefined} Chosen */

/** Le réseau déplié. @param {Layout} layout @param {Values} values @param {Moment} now @param {Chosen} cell @param {boolean} back */
function network(layout, values, now, cell, back) {
  const { at, top } = layout;
  const { T, h } = values;
  const items = [box(layout, 0, top, 42, "hidden", ["h₀", "0"])];
  for (let k = 1; k <= T; k++) {
    const inside = cell !== undefined && k >= cell.s && k <= cell.t;
    const known = k <= now.forth;
    const current = back && now.done > T ? k === now.until : k === now.forth;
    items.push(...links(layout, values, k, now, cell, back));
    const how = { known, now: current, lit: inside };
    items.push(box(layout, k, top, 42, "hidden", [named("h", k), short(h[k])], how));
    if (back) items.push(...judged(layout, values, k, now, cell));
  }
  layout.lines.forEach((line, k) =>
    items.push(label(4, layout.title + 17 * k, line, { anchor: "start" })),
  );
  if (back && now.until <= T)
    items.push(label(4, layout.delta, "δₜ", { anchor: "start", role: "gradient", bold: true }));
  for (let t = 1; t <= T; t++)
    items.push(label(at(0), layout.grid + t * ROW - 10, named(back ? "ℓ" : "h", t)));
  return items;
}

/** Les flèches qui arrivent au pas k : celle de l'état, le même Wₕ à chaque fois, et celle de l'entrée.
 * @param {Layout} layout @param {Values} values @param {number} k @param {Moment} now @param {Chosen} cell @param {boolean} back */
function links(layout, { slopes, factors, T }, k, now, cell, back) {
  const { at, top, x } = layout;
  const faint = k > now.forth;
  const path = cell !== undefined && k > cell.s && k <= cell.t;
  const used = back && cell !== undefined && k === cell.s;
  const middle = (at(k - 1) + at(k)) / 2;
  const forth = { thick: (path && !back) || used, faint };
  const items = [
    arc(layout, k - 1, k, forth),
    label(middle, top - 15, "Wₕ", { role: "hidden", bold: true }),
    arrow(`M${at(k)} ${x}V${top + 44}`, at(k), top + 44, -Math.PI / 2, {
      role: "input",
      thick: !back && k === cell?.s,
      faint,
    }),
  ];
  const written = (/** @type {number} */ value) => (faint ? "?" : short(value));
  const product = `×${written(factors[k])}`;
  const size = Math.min(11, fitted(product, layout.column - 4));
  if (!back && path) items.push(label(middle, top + 60, product, { size }));
  if (!back && k === cell?.s)
    items.push(label(at(k) + 5, top + 78, written(slopes[k]), { size: 11, anchor: "start" }));
  if (back && k > 1)
    items.push(arc(layout, k, k - 1, { thick: path, faint: now.until > k - 1 || T < k }));
  return items;
}

/** La perte du pas k, sa critique, et le signal d'erreur.
 * @param {Layout} layout @param {Values} values @param {number} k @param {Moment} now @param {Chosen} cell */
function judged(layout, { losses = [], delta = [] }, k, now, cell) {
  const { at, top, delta: height } = layout;
  const known = k <= now.forth;
  const lit = k === cell?.t;
  const items = [
    box(layout, k, 2, 34, "output", [named("ℓ", k), short(losses[k])], { known, lit }),
    arrow(`M${at(k)} 37V${top - 2}`, at(k), top - 2, Math.PI / 2, {
      role: "gradient",
      dashed: true,
      thick: lit,
      faint: now.until > k,
    }),
  ];
  const words = now.until <= k ? short(delta[k - 1]) : "·";
  const size = fitted(words, layout.column - 4);
  items.push(label(at(k), height, words, { size, role: "gradient", bold: now.until === k }));
  return items;
}

// -- Ce que l'on touche ---------------------------------------------------------------------------

/** Les entrées : toucher x_t le fait passer de 0 à 1, à −1, puis à 0. @param {Stage} stage @param {Layout} layout */
function drawTaps(stage, layout) {
  const { taps, values, layers } = stage;
  prune(taps, (k) => k <= values.T);
  values.x.forEach((value, index) => {
    const k = index + 1;
    const node = taps.get(k) ?? newTap(stage, k);
    node.setAttribute("aria-label", `entrée ${named("x", k)} = ${french(value)} ; changer`);
    node.replaceChildren(...tapPicture(layout, k, value));
  });
  const reached = [...taps.values()].some((node) => node.getAttribute("tabindex") === "0");
  if (!reached) taps.get(1)?.setAttribute("tabindex", "0");
  layers.taps.setAttribute("role", "group");
  layers.taps.setAttribute("aria-label", "entrées du réseau");
}

/** @param {Stage} stage @param {number} k */
function newTap(stage, k) {
  const move = (/** @type {string} */ key) => focusTap(stage, k, key);
  const node = touchable(stage.layers.taps, () => turn(stage, k), move);
  stage.taps.set(k, node);
  return node;
}

/** @param {Layout} layout @param {number} k @param {number} value */
function tapPicture({ at, box: size, x }, k, value) {
  const area = { x: at(k) - size / 2, y: x, width: size, height: 28, rx: 14 };
  const look = { fill: colour("input"), "fill-opacity": 0.1, stroke: colour("input") };
  const words = size > 50 ? `${named("x", k)} = ${french(value)}` : french(value);
  const style = { size: fitted(words, size), role: "input" };
  const shape = svg("rect", { ...area, ...look, "stroke-width": 1.5 });
  return [shape, label(at(k), x + 18, words, style)];
}

/** @param {Stage} stage @param {number} k */
function turn({ set, values }, k) {
  const x = [...values.x];
  x[k - 1] = x[k - 1] === 0 ? 1 : x[k - 1] > 0 ? -1 : 0;
  set({ inputs: x.map((value) => String(value).replace(".", ",").replace("-", "−")).join(" ") });
}

/** @param {Stage} stage @param {number} k @param {string} key */
function focusTap({ taps }, k, key) {
  const next = taps.get(k + (MOVES[key]?.[1] ?? 0));
  if (!next || !MOVES[key]?.[1]) return false;
  taps.get(k)?.setAttribute("tabindex", "-1");
  focus(next);
  return true;
}

/** La grille. @param {Stage} stage @param {Layout} layout @param {Moment} now @param {Chosen} cell @param {boolean} back */
function drawCells(stage, layout, now, cell, back) {
  const { cells, values } = stage;
  const { T, grid } = values;
  const most = Math.max(...grid.flat().map(Math.abs)) || 1;
  prune(cells, (key) => Number(key[0]) <= T);
  const active = cell ? `${cell.t}-${cell.s}` : "1-1";
  grid.forEach((row, i) =>
    row.forEach((value, j) => {
      const key = `${i + 1}-${j + 1}`;
      const node = cells.get(key) ?? newCell(stage, i + 1, j + 1);
      cells.set(key, node);
      const known = back ? j + 1 >= now.until : i + 1 <= now.forth;
      node.setAttribute("tabindex", key === active ? "0" : "-1");
      node.setAttribute("aria-pressed", String(Boolean(cell) && key === active));
      node.setAttribute("aria-label", spoken(i + 1, j + 1, known ? short(value) : "", back));
      const look = { most, known, lit: Boolean(cell) && key === active };
      node.replaceChildren(...cellPicture(layout, i, j, value, look));
    }),
  );
  stage.layers.cells.setAttribute("role", "group");
  stage.layers.cells.setAttribute("aria-label", back ? TITLES.retour : TITLES.aller);
}

/** @param {Stage} stage @param {number} t @param {number} s */
function newCell(stage, t, s) {
  const press = () => {
    const key = `${t}-${s}`;
    stage.set({ cell: stage.state.cell === key ? NONE : key });
  };
  const move = (/** @type {string} */ pressed) => {
    const [down, right] = MOVES[pressed] ?? [0, 0];
    const key = `${t + down}-${s + right}`;
    const next = stage.cells.get(key);
    if (!next || !MOVES[pressed]) return pressed in MOVES;
    stage.set({ cell: key });
    focus(next);
    return true;
  };
  return touchable(stage.layers.cells, press, move);
}

/** @param {number} t @param {number} s @param {string} value @param {boolean} back */
function spoken(t, s, value, back) {
  const pair = back
    ? `part de ${named("ℓ", t)} au pas ${s}`
    : `influence de ${named("x", s)} sur ${named("h", t)}`;
  return `${pair} : ${value || "pas encore calculée"}`;
}

/** @param {Layout} layout @param {number} i @param {number} j @param {number} value
 * @param {{most: number, known: boolean, lit: boolean}} look */
function cellPicture({ left, column, grid }, i, j, value, { most, known, lit }) {
  const [x, y] = [left + j * column, grid + i * ROW];
  const area = { x: x + 1, y: y + 1, width: column - 2, height: ROW - 2, rx: 3 };
  const strength = known ? 0.55 * (Math.abs(value) / most) : 0;
  const words = known ? short(value) : "·";
  const size = fitted(words, column - 4);
  return [
    svg("rect", { ...area, fill: colour("paper"), stroke: colour("grid") }),
    svg("rect", {
      ...area,
      fill: colour("gradient"),
      "fill-opacity": strength.toFixed(3),
      stroke: lit ? colour("ink") : "none",
      "stroke-width": 3,
    }),
    label(x + column / 2, y + ROW / 2 + 4, words, { size, bold: lit }),
  ];
}

// -- Somme qui s'accumule, lecture ----------------------------------------------------------------

/** Sous la grille, les parts δ_s h_{s−1}, et leur somme, de droite à gauche, comme va le retour.
 * @param {Layout} layout @param {Values} values @param {Moment} now */
function accumulated(layout, { parts = [], T }, now) {
  const { left, column, bottom, at } = layout;
  const sums = [0];
  for (let s = T; s >= 1; s--) sums.unshift(sums[0] + parts[s - 1]); // sums[s − 1] : du pas s au dernier
  const [low, high] = [Math.min(...sums), Math.max(...sums)];
  const height = (/** @type {number} */ sum) =>
    bottom + 36 + (54 * (high - sum)) / (high - low || 1);
  const zero = { x1: left, x2: left + T * column, y1: height(0), y2: height(0) };
  const items = [
    label(at(0), bottom + 19, "Σ", { bold: true }),
    label(at(0), height(0) + 4, "0"),
    svg("line", { ...zero, stroke: colour("neutral"), "stroke-width": 1 }),
  ];
  for (let s = T; s >= now.until; s--) {
    const [y1, y2] = [height(sums[s]), height(sums[s - 1])].sort((a, b) => a - b);
    const size = fitted(short(parts[s - 1]), column - 9);
    items.push(label(at(s), bottom + 19, short(parts[s - 1]), { bold: true, size }));
    items.push(bar(left + (s - 1) * column, y1, column, y2 - y1, s === now.until && s > 1));
  }
  const added = sums[now.until - 1];
  const end = now.until === 1 ? "∂L/∂Wₕ, le gradient du poids partagé" : "la somme jusqu’ici";
  items.push(label(4, bottom + 112, `${short(added)} : ${end}`, { anchor: "start", bold: true }));
  return items;
}

/** Une part, dans la somme. @param {number} x @param {number} y @param {number} width @param {number} height @param {boolean} now */
function bar(x, y, width, height, now) {
  const area = { x: x + 2, y, width: width - 4, height: Math.max(1.5, height) };
  const look = { fill: colour("gradient"), "fill-opacity": now ? 0.9 : 0.5 };
  return svg("rect", { ...area, ...look });
}

/** La lecture : un pas, un silence, le pas suivant ; hors de l'écran rien n'est redessiné, donc rien n'avance.
 * @param {Stage} stage @param {SVGElement} node @param {number} done @param {number} end */
function play(stage, node, done, end) {
  clearTimeout(stage.timer);
  if (!stage.state.playing) return;
  const next = () => {
    if (node.isConnected) stage.set(done < end ? { step: done + 1 } : { playing: false });
  };
  stage.timer = setTimeout(next, done < end ? PLAYED_EVERY : 0);
}

// -- Phrase ---------------------------------------------------------------------------------------

const WORDS = ["zéro", "une", "deux", "trois", "quatre", "cinq", "six"];

/** @param {number} value */
const number = (value) => french(value, 3);

/** @param {State} state @param {Values} values @param {Data} data */
export function say(state, values, { mode }) {
  const back = mode === "retour";
  const now = moment(state, values.T, back);
  const words = back ? sayBack(state, values, now) : sayForth(state, values, now);
  const wrong = values.wrong.map((word) => `« ${word} »`).join(", ");
  return wrong ? `${words} Ce qui n’est pas un nombre, ${wrong}, vaut 0.` : words;
}

/** Le pas t de l'aller, en nombres. @param {State} state @param {Values} values @param {number} t */
function stepWords({ w }, { h, x, T }, t) {
  if (t === 0) return `Départ : h₀ = 0, et rien n’est encore lu.`;
  const sum = `${number(w)} × ${signed(h[t - 1])} + ${signed(x[t - 1])}`;
  return `Pas ${t} sur ${T} : ${named("h", t)} = tanh(${sum}) = ${number(h[t])}.`;
}

/** @param {number} value */
const signed = (value) => (value < 0 ? `(${number(value)})` : number(value));

/** @param {State} state @param {Values} values @param {Moment} now */
function sayForth(state, values, { forth }) {
  const { T, grid, factors } = values;
  if (forth < T) return stepWords(state, values, forth);
  const cell = chosen(state, T);
  const first = firstColumn(grid);
  const fate = `sur h₁, ${number(first[0])} ; sur ${named("h", T)}, ${number(first[T - 1])}`;
  const start = `Wₕ = ${number(state.w)}, le même à chaque flèche. Influence de x₁ : ${fate}.`;
  if (!cell) return start;
  const { t, s } = cell;
  const ways = [grid[s - 1][s - 1], ...factors.slice(s + 1, t + 1)].map(signed).join(" × ");
  const product = t > s ? ` = ${ways}` : "";
  const name = `De ${named("x", s)} à ${named("h", t)}`;
  return `${start} ${name}, ${passes(t - s)}${product} = ${number(grid[t - 1][s - 1])}.`;
}

/** @param {number} count */
const passes = (count) =>
  count === 0
    ? "le chemin n’emprunte pas Wₕ : influence"
    : `le chemin emprunte ${WORDS[count].replace("une", "une seule")} fois Wₕ : influence`;

/** @param {State} state @param {Values} values @param {Moment} now */
function sayBack(state, values, { done, forth, until }) {
  const { T, h, direct = [], delta = [], dh = [], parts = [], total = 0, grid } = values;
  if (done <= T && done < 2 * T) {
    const end = forth === T ? " L’aller est fini ; le retour part de la dernière perte." : "";
    return stepWords(state, values, forth) + end;
  }
  if (until > 1) {
    const t = until;
    const future = dh[t] - direct[t];
    const heard = `${number(direct[t])} du public et ${number(future)} du successeur`;
    const sum = parts.slice(t - 1).reduce((a, b) => a + b, 0);
    return `Retour, pas ${t} : ${named("h", t)} reçoit ${heard}, donc ${named("δ", t)} = ${number(delta[t - 1])} ; la part ${named("δ", t)} ${named("h", t - 1)} = ${number(parts[t - 1])} porte la somme à ${number(sum)}.`;
  }
  const sizes = parts.map(Math.abs);
  const s = 1 + sizes.indexOf(Math.max(...sizes));
  const words = `Wₕ = ${number(state.w)} : ∂L/∂Wₕ = ${number(total)}, somme des parts des ${WORDS[T]} pas. La plus forte est celle du pas ${s}, ${named("δ", s)} ${named("h", s - 1)} = ${number(parts[s - 1])} ; celle du pas 1 est nulle, car Wₕ n’y lit que h₀ = 0.`;
  const cell = chosen(state, T);
  if (!cell) return words;
  const value = number(grid[cell.t - 1][cell.s - 1]);
  const length = cell.t - cell.s;
  const way = length ? `, en remontant ${WORDS[length]} ${length > 1 ? "flèches" : "flèche"}` : "";
  return `${words} La perte ${named("ℓ", cell.t)} y met ${value} au pas ${cell.s} (${named("h", cell.s - 1)} = ${number(h[cell.s - 1])})${way}.`;
}

// -- La figure ------------------------------------------------------------------------------------

/** La case choisie est-elle celle-là ? @param {State} state @param {Values} values @param {(a: number, b: number) => boolean} better */
function isBest(state, { grid, T }, better) {
  const cell = chosen(state, T);
  if (!cell) return false;
  const mine = Math.abs(grid[cell.t - 1][cell.s - 1]);
  return grid.flat().every((value) => value === 0 || !better(Math.abs(value), mine * (1 + 1e-9)));
}

/** @param {number[][]} grid */
const firstColumn = (grid) => grid.map((row) => row[0]);

/** @type {import("../frame.js").Mission[]} */
const FORTH = [
  {
    text: "Choisissez la case la plus claire : l’influence la plus faible de la grille.",
    done: (state, values) => values.T > 3 && isBest(state, values, (a, b) => a < b * (1 - 2e-9)),
  },
  {
    text: "Sans toucher à Wₕ = 0,5, faites disparaître l’influence de x₁ sur le sixième état : moins d’un millième.",
    done: ({ w }, { grid, T }) => w === 0.5 && T === 6 && Math.abs(grid[5][0]) < 1e-3,
  },
  {
    text: "Gardez intacte l’influence de x₁ : plus de 0,9 jusqu’au sixième état.",
    done: (_, { grid, T }) => T === 6 && firstColumn(grid).every((value) => value > 0.9),
  },
  {
    text: "Faites que x₁ augmente h₁, diminue h₂, augmente h₃, et ainsi de suite.",
    done: (_, { grid }) => firstColumn(grid).every((value, k) => (k % 2 ? value < 0 : value > 0)),
  },
];

/** @type {import("../frame.js").Mission[]} */
const BACK = [
  {
    text: "Choisissez la case qui pèse le plus dans le gradient de Wₕ.",
    done: (state, values) => isBest(state, values, (a, b) => a > b),
  },
  {
    text: "Faites qu’un seul pas fasse tout le gradient : plus de 95 % du total des parts, sans leurs signes.",
    done: (_, { parts }) => {
      const sizes = parts.map(Math.abs);
      const all = sizes.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0);
      return Math.max(...sizes) > 0.95 * all;
    },
  },
  {
    text: "Faites que les parts se compensent : un total dix fois plus petit que la plus grande d’entre elles.",
    done: (_, { parts, total }) => Math.abs(total) < Math.max(...parts.map(Math.abs)) / 10,
  },
  {
    text: "Faites que ℓ₆, la plus lointaine, pèse plus que ℓ₂ dans la part du pas 2.",
    done: (_, { grid, T }) => T === 6 && Math.abs(grid[5][1]) > Math.abs(grid[1][1]),
  },
];

/** Les cases, comme choix d'une liste. @param {boolean} back @returns {[string, string][]} */
function choices(back) {
  const found = /** @type {[string, string][]} */ ([[NONE, "aucun"]]);
  for (let t = 1; t <= MOST; t++)
    for (let s = 1; s <= t; s++)
      found.push([
        `${t}-${s}`,
        back ? `de ${named("ℓ", t)} au pas ${s}` : `de ${named("x", s)} à ${named("h", t)}`,
      ]);
  return found;
}

/** @param {any} data */
function check({ mode, x, w }) {
  if (mode !== "aller" && mode !== "retour")
    throw new FigureError("il faut dire si elle montre l’aller ou l’aller et le retour");
  const numbers =
    Array.isArray(x) && x.length >= LEAST && x.length <= MOST && [...x, w].every(Number.isFinite);
  if (!numbers) throw new FigureError("il faut un poids, et de trois à six entrées");
}

/** @param {Data} data @returns {import("../frame.js").Spec} */
export function spec(data) {
  check(data);
  const back = data.mode === "retour";
  const end = (/** @type {State} */ { inputs }) => (back ? 2 : 1) * parse(inputs).x.length;
  const next = (/** @type {State} */ state) => {
    state.step = state.step >= end(state) ? 0 : state.step + 1;
    state.playing = false;
  };
  const playOrPause = (/** @type {State} */ state) => {
    if (!state.playing && state.step >= end(state)) state.step = 0;
    state.playing = !state.playing;
  };
  const most = (back ? 2 : 1) * MOST;
  return {
    name: "depliage",
    title: back ? "Le réseau déplié, à l’aller et au retour" : "Le réseau déplié, pas à pas",
    hidden: { playing: false },
    controls: [
      { key: "w", label: "poids partagé Wₕ", min: -2, max: 2, step: 0.05, value: data.w },
      { key: "step", label: "pas", min: 0, max: most, step: 1, value: most },
      { key: "next", label: "Pas suivant", kind: "button", press: next },
      { key: "play", label: "Lecture / pause", kind: "button", press: playOrPause },
      {
        key: "inputs",
        label: "entrées x₁, x₂… (de trois à six nombres)",
        kind: "text",
        maxLength: 60,
        value: data.x.map((value) => french(value)).join(" "),
      },
      {
        key: "cell",
        label: "chemin allumé",
        kind: "choice",
        options: choices(back),
        value: back ? NONE : "3-1",
      },
    ],
    missions: back ? BACK : FORTH,
    compute,
    draw,
    say,
  };
}

export const render = figure(spec);
