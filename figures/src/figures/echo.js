/* L'écho : le chemin d'une cible à l'entrée qu'elle attend, coupé ou non par la troncature, et ce que répondent
 * les réseaux que le chapitre a entraînés à ce délai, avec cette fenêtre. */

import { GRUCell, LSTMCell, RNNCell } from "../cells.js";
import { colour, svg } from "../draw.js";
import { figure, FigureError } from "../frame.js";
import { Readout } from "../readout.js";
import { decodeWeights, loadWeights } from "../weights.js";

const CELLS = { RNN: RNNCell, GRU: GRUCell, LSTM: LSTMCell };
const ROLES = { RNN: "hidden", GRU: "input_gate", LSTM: "cell" };
const T = 32; // bits montrés

/** @typedef {keyof typeof CELLS} Name */
/** @typedef {{cell: Name, delay: number, window: number, weights: import("../weights.js").Exported}} Sent */
/** @typedef {{networks: Sent[], streams: string[], delays: number[], windows: number[]}} Data */
/** @typedef {{k: number, w: number, t: number, bits: string, draw: number}} State */
/** @typedef {{cell: Name, probabilities: number[], wrong: number[]}} Reading */

/** Les bits d'un texte, et ce qui n'en est pas. @param {string} text */
export function parse(text) {
  const signs = [...text].filter((sign) => sign.trim() !== "");
  const refused = [...new Set(signs.filter((sign) => sign !== "0" && sign !== "1"))];
  const bits = signs.filter((sign) => sign === "0" || sign === "1").map(Number);
  return { bits: bits.slice(0, T), refused };
}

// -- Les réseaux --------------------------------------------------------------------------------

const LOADED = new WeakMap();

/** Les réseaux, prêts à lire, par délai et par fenêtre.
 * @param {Data} data @returns {Map<string, {name: Name, cell: any, readout: Readout}[]>} */
function networks(data) {
  if (!LOADED.has(data)) {
    const found = new Map();
    for (const sent of data.networks) {
      const key = `${sent.delay} ${sent.window}`;
      found.set(key, [...(found.get(key) ?? []), load(sent)]);
    }
    LOADED.set(data, found);
  }
  return LOADED.get(data);
}

/** @param {Sent} sent */
function load(sent) {
  try {
    const decoded = decodeWeights(sent.weights);
    const [rows, D] = decoded.shapes["layer.W_x"];
    const Kind = CELLS[sent.cell];
    const cell = new Kind(D, rows / Kind.blocks);
    const readout = new Readout(cell.hiddenSize, 1);
    loadWeights(cell, decoded, "layer.");
    loadWeights(readout, decoded);
    return { name: sent.cell, cell, readout };
  } catch (error) {
    throw new FigureError(
      `les poids d’un réseau (${sent?.cell}) sont illisibles (${/** @type {Error} */ (error).message})`,
    );
  }
}

/** La probabilité que chaque réponse soit 1, d'un réseau qui part de zéro.
 * @param {{name: Name, cell: any, readout: Readout}} network @param {number[]} bits @param {number} k @returns {Reading} */
function read({ name, cell, readout }, bits, k) {
  const n = bits.length;
  if (n === 0) return { cell: name, probabilities: [], wrong: [] };
  const run = cell.newRun(n);
  run.x.set(bits);
  cell.forward(run);
  const logits = readout.newLogits(n);
  readout.forward(run.h, 1, n, logits);
  const right = (/** @type {number} */ t) => logits[t] > 0 === (bits[t - k] === 1);
  const wrong = bits.map((_, t) => t).filter((t) => t >= k && !right(t));
  return { cell: name, probabilities: Array.from(logits, (a) => 1 / (1 + Math.exp(-a))), wrong };
}

/** Les cibles que leur chemin relie à l'entrée qu'elles attendent, et les réponses des réseaux.
 * Les instants vont de 1 à n ; dans les listes, la place 0 est l'instant 1.
 * @param {State} state @param {Data} data */
export function compute({ k, w, t, bits: text }, data) {
  const { bits, refused } = parse(text);
  const n = bits.length;
  const starts = bits.map((_, s) => s - (s % w)); // la place où commence sa fenêtre
  const linked = bits.map((_, s) => s - k >= starts[s]);
  const targets = bits.map((_, s) => (s >= k ? bits[s - k] : 0));
  const followed = Math.max(0, Math.min(t, n) - 1);
  const found = networks(data).get(`${k} ${w}`) ?? [];
  const readings = found.map((network) => read(network, bits, k));
  return { bits, refused, starts, linked, targets, followed, readings };
}

/** @typedef {ReturnType<typeof compute>} Values */

// -- Le dessin ----------------------------------------------------------------------------------

const [TARGETS, STATES, INPUTS, TOP] = [40, 88, 136, 164]; // hauteurs des rangées, puis des réponses
const [ROW, BARS] = [68, 34];

/** @typedef {{x: (t: number) => number, size: number, r: number, left: number, width: number}} Columns */

/** @param {number} width @returns {Columns} */
function columns(width) {
  const left = width > 560 ? 66 : 22;
  const size = (width - left - 4) / T;
  return {
    x: (t) => left + (t + 0.5) * size,
    size,
    r: Math.min(9, size * 0.42),
    left,
    width,
  };
}

const PARTS = new WeakMap();

/** Le fond, redessiné chaque fois, et les deux bandes où l'on choisit une cible et change un bit, qui restent.
 * @param {import("../frame.js").Surface} surface */
function parts({ node, set }) {
  if (!PARTS.has(node)) {
    const scene = svg("g");
    const band = { x: 0, fill: "transparent" };
    const follow = svg("rect", { ...band, y: 20, height: STATES - 6, tabindex: 0, role: "slider", "aria-label": "Cible suivie", "aria-valuemin": 1 }); // prettier-ignore
    const flip = svg("rect", { ...band, y: INPUTS - 22, height: 44, style: "cursor:pointer" });
    node.replaceChildren(scene, follow, flip);
    node.setAttribute("role", "group");
    const found = { scene, follow, flip, now: /** @type {any} */ (null) };
    follow.addEventListener("keydown", (event) => press(event, found.now, set));
    follow.addEventListener("pointerdown", (event) => pick(event, found, set));
    flip.addEventListener("click", (event) => toggle(event, found.now, node, set));
    PARTS.set(node, found);
  }
  return PARTS.get(node);
}

/** @typedef {{bits: number[], followed: number, k: number, columns: Columns}} Now ce qui est dessiné en ce moment */

/** La place de la colonne touchée. @param {MouseEvent} event @param {Now} now @param {SVGElement} node */
function touched(event, { bits, columns }, node) {
  const box = node.getBoundingClientRect();
  const point = ((event.clientX - box.left) * columns.width) / box.width;
  const t = Math.floor((point - columns.left) / columns.size);
  return Math.max(0, Math.min(bits.length - 1, t));
}

/** @param {MouseEvent} event @param {Now} now @param {SVGElement} node @param {(changes: any) => void} set */
function toggle(event, now, node, set) {
  const t = touched(event, now, node);
  if (now.bits.length > 0)
    set({ bits: now.bits.map((bit, s) => (s === t ? 1 - bit : bit)).join("") });
}

/** Suit la cible que touche le doigt, tant qu'il est posé.
 * @param {PointerEvent} event @param {{follow: SVGElement, now: Now}} found @param {(changes: any) => void} set */
function pick(event, found, set) {
  const { follow } = found;
  const node = /** @type {SVGElement} */ (follow.ownerSVGElement);
  const move = (/** @type {PointerEvent} */ now) => set({ t: touched(now, found.now, node) + 1 });
  const stop = () => {
    follow.removeEventListener("pointermove", move);
    follow.removeEventListener("lostpointercapture", stop);
  };
  follow.setPointerCapture(event.pointerId);
  follow.addEventListener("pointermove", move);
  follow.addEventListener("lostpointercapture", stop);
  move(event);
}

const MOVES = /** @type {Record<string, number>} */ ({
  ArrowLeft: -1,
  ArrowDown: -1,
  ArrowRight: 1,
  ArrowUp: 1,
  PageDown: -8,
  PageUp: 8,
  Home: -T,
  End: T,
});

/** Les flèches changent de cible ; 0 et 1 écrivent l'entrée de cet instant, et passent au suivant.
 * Deux touches peuvent se suivre avant que la figure soit redessinée : `now` le sait aussitôt.
 * @param {KeyboardEvent} event @param {Now} now @param {(changes: any) => void} set */
function press(event, now, set) {
  const { bits, followed } = now;
  if (event.ctrlKey || event.metaKey || event.altKey || bits.length === 0) return;
  const written = event.key === "0" || event.key === "1";
  if (!written && !(event.key in MOVES)) return;
  const to = followed + (written ? 1 : MOVES[event.key]);
  now.followed = Math.max(0, Math.min(bits.length - 1, to));
  if (written) now.bits = bits.map((old, t) => (t === followed ? Number(event.key) : old));
  set({ t: now.followed + 1, ...(written && { bits: now.bits.join("") }) });
  event.preventDefault();
}

/** @param {import("../frame.js").Surface} surface @param {State} state @param {Values} values */
function draw(surface, state, values) {
  const { width, resize } = surface;
  resize(TOP + ROW * Math.max(1, values.readings.length));
  const place = columns(width);
  const found = parts(surface);
  found.now = { bits: values.bits, followed: values.followed, k: state.k, columns: place };
  found.scene.replaceChildren(
    flow(place, state, values),
    route(place, state, values),
    ...values.readings.map((reading, rank) =>
      answers(place, TOP + rank * ROW, state, values, reading),
    ),
  );
  for (const band of [found.follow, found.flip]) band.setAttribute("width", String(width));
  found.follow.setAttribute("aria-valuemax", String(Math.max(1, values.bits.length)));
  found.follow.setAttribute("aria-valuenow", String(values.followed + 1));
  found.follow.setAttribute("aria-valuetext", followedWords(state, values));
}

/** Des disques, en un seul tracé. @param {Columns} place @param {number[]} times @param {number} y @param {number} r @param {Record<string, any>} style */
function discs({ x }, times, y, r, style) {
  const d = times.map((t) => `M${(x(t) - r).toFixed(1)} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`); // prettier-ignore
  return svg("path", { d: d.join(""), ...style });
}

/** Une rangée de bits : plein pour 1, vide pour 0, et le chiffre s'il a la place.
 * @param {Columns} place @param {number[]} bits @param {number[]} times @param {number} y @param {string} role @param {Record<string, any>} [style] */
function row(place, bits, times, y, role, style = {}) {
  const { x, r, size } = place;
  const outline = { stroke: colour(role), "stroke-width": 1.5, ...style };
  const [ones, zeros] = [1, 0].map((bit) => times.filter((t) => bits[t] === bit));
  const found = [
    discs(place, ones, y, r, { ...outline, fill: colour(role) }),
    discs(place, zeros, y, r, { ...outline, fill: colour("paper") }),
  ];
  if (size < 17) return found;
  for (const [chosen, shade] of /** @type {[number[], string][]} */ ([
    [ones, "paper"],
    [zeros, "ink"],
  ])) {
    // prettier-ignore
    const xs = chosen.map((t) => x(t).toFixed(1)).join(" ");
    const style = `font-size:12px;fill:${colour(shade)}`;
    const text = chosen.map((t) => bits[t]).join("");
    found.push(svg("text", { x: xs, y: y + 4, "text-anchor": "middle", style }, text));
  }
  return found;
}

/** Les trois rangées, les fenêtres et leurs frontières.
 * @param {Columns} place @param {State} state @param {Values} values */
function flow(place, { k, w }, { bits, starts, linked, targets }) {
  const { x, r, width } = place;
  const group = svg("g");
  const times = bits.map((_, t) => t);
  for (const [y, word] of /** @type {[number, string][]} */ ([
    [TARGETS, "cible y"],
    [STATES, "état h"],
    [INPUTS, "entrée x"],
  ]))
    // prettier-ignore
    group.append(svg("text", { x: 2, y: y + 4 }, width > 560 ? word : word.slice(-1)));
  const across = { x1: x(0), x2: x(bits.length - 1), y1: STATES, y2: STATES };
  if (bits.length) group.append(svg("line", { ...across, stroke: colour("hidden") }));
  group.append(...windows(place, w, times.filter((t) => starts[t] === t), bits.length)); // prettier-ignore
  group.append(
    discs(place, times, STATES, Math.max(2.5, r * 0.55), { fill: colour("hidden") }),
    ...row(place, bits, times, INPUTS, "input"),
    discs(place, times.slice(0, k), TARGETS, 1.8, { fill: colour("neutral") }),
    ...row(place, targets, times.filter((t) => linked[t]), TARGETS, "output"), // prettier-ignore
    ...cut(place, times.slice(k).filter((t) => !linked[t])), // prettier-ignore
  );
  return group;
}

/** Les fenêtres : un trait à leur début, une barre là où le gradient s'arrête, leur nom s'il a la place.
 * @param {Columns} place @param {number} w @param {number[]} starts @param {number} n */
function windows({ size, left }, w, starts, n) {
  const found = [];
  for (const t of starts) {
    const edge = left + t * size;
    const at = { x1: edge, x2: edge };
    const style = { stroke: colour("neutral"), "stroke-width": 0.8, "stroke-dasharray": "2 3" };
    found.push(svg("line", { ...at, y1: 22, y2: INPUTS + 16, ...style }));
    const wall = { stroke: colour("gradient"), "stroke-width": 4 };
    if (t > 0) found.push(svg("line", { ...at, y1: STATES - 13, y2: STATES + 13, ...wall }));
    if (w * size <= 70 || n - t < w) continue;
    const middle = { x: edge + (w * size) / 2, y: 14, "text-anchor": "middle" };
    found.push(svg("text", middle, `fenêtre ${t / w + 1}`));
  }
  return found;
}

/** Les cibles sans chemin : une croix. @param {Columns} place @param {number[]} times */
function cut({ x, r }, times) {
  const s = r * 0.75;
  const d = times.map((t) => {
    const [a, b] = [(x(t) - s).toFixed(1), (x(t) + s).toFixed(1)];
    return `M${a} ${TARGETS - s}L${b} ${TARGETS + s}M${b} ${TARGETS - s}L${a} ${TARGETS + s}`;
  });
  return [svg("path", { d: d.join(""), stroke: colour("gradient"), "stroke-width": 1.8 })];
}

/** Le chemin de la cible suivie : il atteint l'entrée, ou bute sur la frontière.
 * @param {Columns} place @param {State} state @param {Values} values */
function route(place, { k }, { bits, starts, linked, followed: t }) {
  const { x, r, left, size } = place;
  const group = svg("g");
  if (bits.length === 0) return group;
  const stroke = { fill: "none", stroke: colour("gradient"), "stroke-width": 2.5 };
  const ring = (/** @type {number} */ s, /** @type {number} */ y, dash = "") =>
    discs(place, [s], y, r + 4, { ...stroke, "stroke-dasharray": dash });
  group.append(ring(t, TARGETS));
  if (t < k) return group;
  const end = linked[t] ? x(t - k) : left + starts[t] * size + 3;
  const foot = linked[t] ? `V${INPUTS - r - 4}` : "";
  const d = `M${x(t)} ${TARGETS + r + 4}V${STATES}H${end}${foot}`;
  group.append(svg("path", { d, ...stroke, "stroke-dasharray": "6 3" }));
  group.append(ring(t - k, INPUTS, linked[t] ? "" : "2 3"));
  return group;
}

/** Les réponses d'un réseau, pas à pas : au-dessus du trait, il répond 1 ; au-dessous, 0.
 * @param {Columns} place @param {number} top @param {State} state @param {Values} values @param {Reading} reading */
function answers(
  { x, size, left, width },
  top,
  { k },
  { targets },
  { cell, probabilities, wrong },
) {
  const group = svg("g");
  const y = (/** @type {number} */ p) => top + 22 + (1 - p) * BARS;
  const asked = Math.max(0, targets.length - k);
  const words = `${cell} : ${asked - wrong.length} justes sur ${asked}`;
  group.append(svg("text", { x: 2, y: top + 11, style: "font-weight:700" }, words));
  for (const p of [0, 1])
    group.append(svg("text", { x: left - 6, y: y(p) + 4, "text-anchor": "end" }, String(p)));
  const half = { x1: left, x2: width - 4, y1: y(0.5), y2: y(0.5), stroke: colour("neutral") };
  group.append(svg("line", { ...half, "stroke-dasharray": "2 3" }));
  const bar = (/** @type {number} */ t) => `M${(x(t) - 0.36 * size).toFixed(1)} ${y(0.5)}V${y(probabilities[t]).toFixed(1)}h${(0.72 * size).toFixed(1)}V${y(0.5)}z`; // prettier-ignore
  const times = probabilities.map((_, t) => t);
  const paths = (/** @type {number[]} */ some) => some.map(bar).join("");
  const role = colour(ROLES[cell]);
  const right = times.filter((t) => t >= k && !wrong.includes(t));
  group.append(
    svg("path", { d: paths(times.slice(0, k)), fill: role, "fill-opacity": 0.25 }),
    svg("path", { d: paths(right), fill: role }),
    svg("path", { d: paths(wrong), fill: "none", stroke: role, "stroke-width": 1.5 }),
    ticks({ x, size }, times.slice(k), (t) => y(targets[t])),
  );
  const style = `font-size:${Math.min(13, size * 1.2)}px;font-weight:700`;
  const xs = wrong.map((t) => x(t).toFixed(1)).join(" ");
  const crosses = { x: xs, y: y(0) + 11, "text-anchor": "middle", style };
  if (wrong.length > 0) group.append(svg("text", crosses, "✗".repeat(wrong.length)));
  return group;
}

/** Le bit attendu, en haut ou en bas. @param {{x: (t: number) => number, size: number}} place @param {number[]} times @param {(t: number) => number} y */
function ticks({ x, size }, times, y) {
  const d = times.map((t) => `M${(x(t) - 0.42 * size).toFixed(1)} ${y(t)}h${(0.84 * size).toFixed(1)}`); // prettier-ignore
  return svg("path", { d: d.join(""), stroke: colour("output"), "stroke-width": 2.5 });
}

// -- La phrase, les missions --------------------------------------------------------------------

/** @param {State} state @param {Values} values */
function followedWords({ k }, { bits, starts, linked, followed: t }) {
  if (bits.length === 0) return "aucune cible";
  const name = `la cible ${t + 1}`;
  if (t < k) return `${name} attend le silence d’avant le flux`;
  return linked[t]
    ? `le chemin de ${name} atteint l’entrée ${t + 1 - k}`
    : `le chemin de ${name} bute sur la frontière d’avant l’instant ${starts[t] + 1}, et n’atteint pas l’entrée ${t + 1 - k}`;
}

/** @param {State} state @param {Values} values */
function say(state, values) {
  const { k, w } = state;
  const { bits, refused, readings } = values;
  const notes = [];
  if (refused.length > 0)
    notes.push(
      `${refused.map((sign) => `« ${sign} »`).join(", ")} : un flux n’est fait que de 0 et de 1 ; la figure l’ignore.`,
    );
  if (bits.length === 0) return [...notes, "Tapez des bits, par exemple 1011001."].join(" ");
  const count = Math.max(0, w - k);
  const share =
    count === 0
      ? "aucune cible n’est reliée à l’entrée qu’elle attend"
      : `${count} cible${count > 1 ? "s" : ""} sur ${w}, par fenêtre, ${count > 1 ? "sont reliées à l’entrée qu’elles attendent" : "est reliée à l’entrée qu’elle attend"}`;
  const asked = Math.max(0, bits.length - k);
  const right = readings.map(({ cell, wrong }) => `${cell} ${asked - wrong.length}`).join(", ");
  notes.push(`Délai ${k}, fenêtre ${w} : ${share} ; ${followedWords(state, values)}.`);
  notes.push(`Réponses justes sur ${asked} : ${right}.`);
  return notes.join(" ");
}

/** @param {any} data */
function check({ networks, streams, delays, windows } = {}) {
  const lists = [networks, streams, delays, windows];
  if (!lists.every((list) => Array.isArray(list) && list.length > 0))
    throw new FigureError("il faut des réseaux, des flux, des délais et des fenêtres");
  if (!networks.every((/** @type {any} */ { cell }) => cell in CELLS))
    throw new FigureError("un réseau n’est ni un RNN, ni une GRU, ni une LSTM");
  if (!streams.every((/** @type {any} */ row) => /^[01]+$/.test(row)))
    throw new FigureError("un flux n’est pas fait de 0 et de 1");
  for (const list of [delays, windows])
    if (
      list.some(
        (/** @type {any} */ value, /** @type {number} */ n) =>
          value - list[0] !== n * (list[1] - list[0]),
      )
    )
      // prettier-ignore
      throw new FigureError("les délais et les fenêtres doivent être régulièrement espacés");
}

/** Un curseur sur des valeurs régulièrement espacées. @param {number[]} values */
const range = (values) => ({
  min: values[0],
  max: values[values.length - 1],
  step: (values[1] ?? values[0] + 1) - values[0],
});

/** @param {Data} data @returns {import("../frame.js").Spec} */
export const spec = (data) => {
  check(data);
  networks(data); // des poids abîmés se disent tout de suite
  return {
    name: "echo",
    title: "L’écho : le chemin du gradient, et les réponses de réseaux entraînés",
    hidden: { draw: 0 },
    controls: [
      { key: "k", label: "délai k", value: 8, ...range(data.delays) },
      { key: "w", label: "fenêtre w", value: 12, ...range(data.windows) },
      { key: "t", label: "cible suivie", value: 21, min: 1, max: T, step: 1 },
      { key: "bits", label: "flux de bits", kind: "text", value: data.streams[0], maxLength: T },
      {
        key: "new",
        label: "Nouveaux bits",
        kind: "button",
        press: (state) => {
          state.draw += 1;
          state.bits = data.streams[state.draw % data.streams.length];
        },
      },
    ],
    missions: [
      { text: "Coupez le chemin de toutes les cibles.", done: ({ k, w }) => k >= w },
      {
        text: "Laissez exactement une cible sur deux reliée à son entrée.",
        done: ({ k, w }) => w === 2 * k,
      },
      {
        text: "Trompez un réseau dont la fenêtre dépasse le délai : une réponse fausse suffit.",
        done: ({ k, w }, { readings }) => k < w && readings.some(hasErred),
      },
    ],
    compute,
    draw,
    say,
  };
};

/** @param {Reading} reading */
const hasErred = ({ wrong }) => wrong.length > 0;

export const render = figure(spec);
