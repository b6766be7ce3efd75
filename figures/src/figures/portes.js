/* Partition de portes : une unité, trente pas, des portes que le lecteur ouvre et ferme. Pour la LSTM, f, i et o
 * règlent c et h ; pour la GRU du cours, z et r règlent h. Les portes sont données : restent la mémoire et son gradient. */

import { colour, french, Plot, svg } from "../draw.js";
import { figure, FigureError } from "../frame.js";

const LETTERS = "fmo"; // fermée, mi-ouverte, ouverte : la notation de l'adresse
const VALUES = [0, 0.5, 1];
const WORDS = ["fermée", "mi-ouverte", "ouverte"];
const [LEFT, RIGHT, HEAD, ROW, STRIP] = [34, 6, 20, 28, 104];
const LEAST = 24; // px : ce que touche un doigt
const FLOOR = 3e-10; // d'influence ; zéro se pose dessus

/** @typedef {{key: string, role: string, name: string}} Gate */
/** @typedef {{cell: "lstm" | "gru", inputs: number[], score: Record<string, string>}} Data */

/** @type {Record<string, Gate[]>} */
const GATES = {
  lstm: [
    { key: "f", role: "forget", name: "oubli" },
    { key: "i", role: "input_gate", name: "entrée" },
    { key: "o", role: "output_gate", name: "sortie" },
  ],
  gru: [
    { key: "z", role: "input_gate", name: "mise à jour" },
    { key: "r", role: "forget", name: "réinitialisation" },
  ],
};

// -- La partition, en lettres -----------------------------------------------------------------------

/** Les positions d'une porte : « 3o2m » se lit ouverte trois pas, puis mi-ouverte deux. Ce qui manque est fermé.
 * @param {string} text @param {number} steps @returns {number[]} */
export function decode(text, steps) {
  const levels = /** @type {number[]} */ ([]);
  for (const [, count, letter] of text.matchAll(/(\d*)([fmo])/g)) {
    const repeat = Math.min(steps, count === "" ? 1 : Number(count));
    for (let k = 0; k < repeat; k++) levels.push(VALUES[LETTERS.indexOf(letter)]);
  }
  return Array.from({ length: steps }, (_, t) => levels[t] ?? 0);
}

/** @param {number[]} levels */
export function encode(levels) {
  const letters = levels.map((level) => LETTERS[VALUES.indexOf(level)]).join("");
  return letters.replace(/(.)\1+/g, (run) => `${run.length}${run[0]}`);
}

// -- Le calcul : la récurrence, à portes données ------------------------------------------------------

/** @param {any} state @param {Data} data */
export function compute(state, { cell, inputs }) {
  const levels = GATES[cell].map(({ key }) => decode(state[key], inputs.length));
  return cell === "lstm" ? lstm(levels, inputs) : gru(levels, inputs);
}

/** c_t = f_t c_{t−1} + i_t c̃_t, h_t = o_t tanh(c_t). @param {number[][]} levels @param {number[]} candidate */
function lstm([f, i, o], candidate) {
  const [c, h] = [[0], [0]];
  for (let t = 1; t <= candidate.length; t++) {
    c.push(f[t - 1] * c[t - 1] + i[t - 1] * candidate[t - 1] + 0); // sans le zéro négatif
    h.push(o[t - 1] * Math.tanh(c[t]) + 0);
  }
  const influence = products(f);
  const lone = candidate;
  return {
    levels: [f, i, o],
    candidate,
    lone,
    c,
    h,
    memory: c,
    factors: f,
    direct: influence,
    influence,
  };
}

/** h̃_t = tanh(r_t h_{t−1} + x_t), h_t = (1 − z_t) h_{t−1} + z_t h̃_t. @param {number[][]} levels @param {number[]} x */
function gru([z, r], x) {
  const h = [0];
  const candidate = [];
  const factors = [];
  for (let t = 1; t <= x.length; t++) {
    const [z_t, r_t] = [z[t - 1], r[t - 1]];
    const h_tilde = Math.tanh(r_t * h[t - 1] + x[t - 1]);
    candidate.push(h_tilde);
    h.push((1 - z_t) * h[t - 1] + z_t * h_tilde + 0);
    factors.push(1 - z_t + z_t * (1 - h_tilde * h_tilde) * r_t); // ∂h_t/∂h_{t−1}
  }
  const lone = x.map(Math.tanh); // ce que l'entrée propose seule
  const direct = products(z.map((z_t) => 1 - z_t));
  const influence = products(factors);
  return { levels: [z, r], candidate, lone, c: h, h, memory: h, factors, direct, influence };
}

/** Le produit des facteurs t+1 à T, pour t de 0 à T : ce que l'état final doit à celui du pas t.
 * @param {number[]} factors */
function products(factors) {
  const result = [1];
  for (const factor of factors.toReversed()) result.push(result[result.length - 1] * factor);
  return result.reverse();
}

/** @typedef {ReturnType<typeof compute>} Values */

// -- Les portes, que l'on touche ----------------------------------------------------------------------

/** Les cases de la partition. Elles restent d'un dessin à l'autre, pour que le clavier garde sa place. */
class Score {
  /** @param {Gate[]} gates @param {number} steps */
  constructor(gates, steps) {
    this.gates = gates;
    this.steps = steps;
    this.state = /** @type {any} */ ({});
    this.set = (/** @type {any} */ _changes) => {};
    this.cells = gates.map((gate, row) =>
      Array.from({ length: steps }, (_, step) => tile(row, step)),
    );
    const label = "Partition : flèches pour aller d’une porte à l’autre, espace pour la changer, majuscule et flèche pour recopier"; // prettier-ignore
    // dans JupyterLab, les touches de la partition ne sont pas des raccourcis
    const attributes = { role: "group", "aria-label": label, "data-lm-suppress-shortcuts": true };
    this.node = svg("g", attributes, ...this.cells.flat());
    this.behind = svg("g");
    this.front = svg("g");
    this.at = [0, 0];
    this.drawn = /** @type {Map<SVGElement, string>} */ (new Map());
    this.cells[0][0].setAttribute("tabindex", "0");
    this.node.addEventListener("click", (event) => this.#click(event));
    this.node.addEventListener("keydown", (event) => this.#key(event));
    this.node.addEventListener("pointerdown", (event) => this.#press(event));
    this.node.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"])
      this.node.addEventListener(end, () => void (this.start = undefined));
  }

  /** @param {number} row @param {number} step */
  level(row, step) {
    return decode(this.state[this.gates[row].key], this.steps)[step];
  }

  /** Met une porte à cette position, d'un pas à un autre. @param {number} row @param {number} level */
  write(row, level, from = 0, to = from) {
    const { key } = this.gates[row];
    const levels = decode(this.state[key], this.steps);
    levels.fill(level, Math.min(from, to), Math.max(from, to) + 1);
    this.set({ [key]: encode(levels), t: to + 1 });
  }

  /** @param {number} row @param {number} step */
  next(row, step) {
    return VALUES[(VALUES.indexOf(this.level(row, step)) + 1) % VALUES.length];
  }

  /** @param {Event} event */
  #click(event) {
    const place = placeOf(/** @type {Element} */ (event.target));
    if (!place || this.painted) return;
    this.focus(...place);
    this.write(place[0], this.next(...place), place[1]);
  }

  /** @param {PointerEvent} event */
  #press(event) {
    const place = placeOf(/** @type {Element} */ (event.target));
    this.painted = false;
    if (place) this.start = { row: place[0], last: place[1], level: this.next(...place) };
  }

  /** Peindre : la case de départ donne sa nouvelle position à celles de sa ligne. @param {PointerEvent} event */
  #move({ clientX, clientY, buttons }) {
    if (!this.start || !buttons) return;
    const place = placeOf(document.elementFromPoint(clientX, clientY));
    const { row, last, level } = this.start;
    if (!place || place[0] !== row || place[1] === last) return;
    this.painted = true;
    this.write(row, level, last, place[1]);
    this.start.last = place[1];
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const [row, step] = this.at;
    /** @type {Record<string, [number, number]>} */
    const moves = {
      ArrowLeft: [row, step - 1],
      ArrowRight: [row, step + 1],
      ArrowUp: [row - 1, step],
      ArrowDown: [row + 1, step],
      Home: [row, 0],
      End: [row, this.steps - 1],
    };
    const letter = LETTERS.indexOf(event.key);
    const move = moves[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " || event.key === "Enter") this.write(row, this.next(row, step), step);
    else if (letter >= 0) this.write(row, VALUES[letter], step);
    else if (move) this.#go(move, event.shiftKey);
    else return;
    event.preventDefault();
  }

  /** @param {[number, number]} place @param {boolean} copies */
  #go([row, step], copies) {
    const [from, at] = this.at;
    if (row < 0 || row >= this.gates.length || step < 0 || step >= this.steps) return;
    if (copies && row === from) this.write(row, this.level(row, at), at, step);
    this.focus(row, step);
  }

  /** @param {number} row @param {number} step */
  focus(row, step) {
    this.at = [row, step];
    for (const cell of this.cells.flat()) cell.setAttribute("tabindex", "-1");
    this.cells[row][step].setAttribute("tabindex", "0");
    this.cells[row][step].focus();
  }

  /** Redessine les cases qui ont changé. @param {number[][]} levels @param {Systems} systems */
  show(levels, systems) {
    for (const [row, gate] of this.gates.entries()) {
      for (const [step, cell] of this.cells[row].entries()) {
        const level = levels[row][step];
        const drawn = `${level} ${systems.width} ${systems.top}`;
        if (this.drawn.get(cell) === drawn) continue;
        this.drawn.set(cell, drawn);
        const { x, y } = systems.place(row, step);
        paint(cell, gate, step, level, x, y, systems.column);
      }
    }
  }
}

/** @param {number} row @param {number} step */
function tile(row, step) {
  const parts = [svg("rect", { class: "fond" }), svg("rect", {}), svg("path", { fill: "none" })];
  return svg("g", { role: "button", tabindex: -1, "data-place": `${row},${step}` }, ...parts);
}

/** La porte et le pas d'une case, ou rien. @param {Element | null} element @returns {[number, number] | undefined} */
function placeOf(element) {
  const place = element?.closest("[data-place]")?.getAttribute("data-place");
  return place ? /** @type {[number, number]} */ (place.split(",").map(Number)) : undefined;
}

/** Une case : pleine, à moitié, ou vide et barrée. @param {SVGElement} cell @param {Gate} gate @param {number} step
 * @param {number} level @param {number} x @param {number} y @param {number} column */
function paint(cell, { role, name }, step, level, x, y, column) {
  const [frame, fill, mark] = cell.children;
  const [width, height] = [column - 2, ROW - 2];
  const shape = { x: x + 1, y: y + 1, width, height, rx: 3 };
  const full = { ...shape, y: y + 1 + height * (1 - level), height: height * level };
  change(frame, { ...shape, fill: colour("paper"), stroke: colour("neutral") });
  change(fill, { ...full, fill: colour(role), "fill-opacity": 0.85 });
  const [cx, cy] = [x + column / 2, y + ROW / 2];
  const ring = `M${cx - 4} ${cy}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0`;
  const sign = { 0: `M${cx - 4} ${cy}h8`, 0.5: "", 1: ring }[level] ?? "";
  change(mark, { d: sign, stroke: colour(level ? "paper" : "neutral"), "stroke-width": 2 });
  const word = WORDS[VALUES.indexOf(level)];
  const pressed = ["false", "mixed", "true"][VALUES.indexOf(level)];
  change(cell, { "aria-label": `${name}, pas ${step + 1} : ${word}`, "aria-pressed": pressed });
}

/** @param {Element} element @param {Record<string, any>} attributes */
function change(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
  }
}

/** @type {WeakMap<SVGElement, Score>} */
const SCORES = new WeakMap();

// -- Le dessin : des portées de trente, quinze ou dix pas ----------------------------------------------

/** Où se mettent les portées, selon la largeur. */
class Systems {
  /** @param {number} width @param {number} gates @param {number} steps @param {number} top */
  constructor(width, gates, steps, top) {
    const room = width - LEFT - RIGHT;
    this.width = width;
    this.top = top;
    this.length = [30, 15].find((length) => room / length >= LEAST) ?? 10;
    this.column = room / this.length;
    this.head = HEAD + gates * ROW;
    this.height = this.head + STRIP;
    this.count = Math.ceil(steps / this.length);
    this.bottom = top + this.count * this.height;
  }

  /** @param {number} row @param {number} step */
  place(row, step) {
    const [system, column] = [Math.floor(step / this.length), step % this.length];
    const y = this.top + system * this.height + HEAD + row * ROW;
    return { x: LEFT + column * this.column, y };
  }
}

/** @param {import("../frame.js").Surface} surface @param {any} state @param {Values} values @param {Data} data */
function draw({ node, width, resize, set }, state, values, { cell, inputs }) {
  const score = SCORES.get(node) ?? new Score(GATES[cell], inputs.length);
  Object.assign(score, { state, set });
  const keys = key(width, cell);
  const systems = new Systems(width, score.gates.length, inputs.length, keys.height);
  resize(systems.bottom + 190);
  score.show(values.levels, systems);
  score.behind.replaceChildren(highlight(systems, state.t));
  score.front.replaceChildren(
    keys.node,
    ...Array.from({ length: systems.count }, (_, k) =>
      system(systems, k, score.gates, values, cell),
    ),
    gradient(systems, state, values, cell),
  );
  if (SCORES.has(node)) return;
  SCORES.set(node, score);
  node.setAttribute("role", "group"); // elle contient des commandes
  node.replaceChildren(score.behind, score.node, score.front);
  hideNotation(node, score.gates);
}

/** La notation ne sert qu'à l'adresse : la partition est sa commande. @param {SVGElement} node @param {Gate[]} gates */
function hideNotation(node, gates) {
  for (const { key } of gates)
    node.parentElement?.querySelector(`.jeu-commandes [data-cle="${key}"]`)?.closest(".jeu-commande")?.remove(); // prettier-ignore
}

/** La légende, qui va à la ligne. @param {number} width @param {"lstm" | "gru"} cell */
function key(width, cell) {
  const group = svg("g");
  let [x, y] = [4, 14];
  for (const [words, sign] of keyItems(cell)) {
    const size = 20 + 7.2 * words.length + 12;
    if (x + size > width) [x, y] = [4, y + 20];
    const label = svg("text", { x: 20, y: 4 }, words);
    group.append(svg("g", { transform: `translate(${x} ${y - 4})` }, sign, label));
    x += size;
  }
  return { node: group, height: y + 10 };
}

/** @param {"lstm" | "gru"} cell @returns {[string, SVGElement][]} */
function keyItems(cell) {
  const grey = colour("neutral");
  const box = () => svg("path", { d: "M0 -6h14v12h-14z", fill: "none", stroke: grey });
  const stroke = (/** @type {string} */ role, dash = "") =>
    svg("path", {
      d: "M0 0h16",
      stroke: colour(role),
      "stroke-width": 2.5,
      "stroke-dasharray": dash,
    });
  const ring = { r: 3.5, fill: "none", stroke: colour("candidate"), "stroke-width": 2 };
  return [
    ...GATES[cell].map(({ key, role, name }) => /** @type {[string, SVGElement]} */ ([name, letter(key, role)])), // prettier-ignore
    ["ouverte", svg("path", { d: "M0 -6h14v12h-14z", fill: grey })],
    ["mi-ouverte", svg("g", {}, box(), svg("path", { d: "M0 0h14v6h-14z", fill: grey }))],
    ["fermée", svg("g", {}, box(), svg("path", { d: "M3 0h8", stroke: grey, "stroke-width": 2 }))],
    ...(cell === "lstm"
      ? [/** @type {[string, SVGElement]} */ (["mémoire c", stroke("cell")])]
      : []),
    ["état h", stroke("hidden", cell === "lstm" ? "5 4" : "")],
    [cell === "lstm" ? "candidat c̃" : "candidat h̃", svg("circle", { cx: 7, ...ring })],
  ];
}

/** @param {string} key @param {string} role */
const letter = (key, role) =>
  svg("text", { x: 5, y: 4, style: `font-weight: 700; fill: ${colour(role)}` }, key);

/** Le pas que l'on lit, en fond. @param {Systems} systems @param {number} t */
function highlight(systems, t) {
  const { x, y } = systems.place(0, t - 1);
  const shape = { x, y: y - HEAD + 2, width: systems.column, height: systems.height - 20 };
  return svg("rect", { ...shape, rx: 4, fill: colour("neutral"), "fill-opacity": 0.16 });
}

/** Une portée : numéros, noms des portes, puis le candidat, la mémoire et ce qui en sort.
 * @param {Systems} systems @param {number} rank @param {Gate[]} gates @param {Values} values @param {string} cell */
function system(systems, rank, gates, values, cell) {
  const group = svg("g");
  const first = rank * systems.length;
  for (let k = 0; k < systems.length; k++) {
    const { x, y } = systems.place(0, first + k);
    const place = { x: x + systems.column / 2, y: y - 6, "text-anchor": "middle" };
    group.append(svg("text", place, String(first + k + 1)));
  }
  for (const [row, { key, role }] of gates.entries()) {
    const { y } = systems.place(row, first);
    const style = `font-weight: 700; fill: ${colour(role)}`;
    group.append(svg("text", { x: LEFT - 8, y: y + 19, "text-anchor": "end", style }, key));
  }
  group.append(strip(systems, first, values, cell));
  return group;
}

/** @param {Systems} systems @param {number} first @param {Values} values @param {string} cell */
function strip(systems, first, { memory, h, candidate, levels }, cell) {
  const { y } = systems.place(0, first);
  const [low, high] = [Math.min(-1.1, ...memory), Math.max(1.1, ...memory)];
  const last = first + systems.length;
  const plot = new Plot(
    { x: 0, y: y - HEAD + systems.head, width: systems.width, height: STRIP },
    {
      x: [first + 0.5, last + 0.5],
      y: [low, high],
      yTicks: 3,
      margins: { left: LEFT, right: RIGHT, top: 6, bottom: 24 },
    },
  );
  plot.line([first + 0.5, last + 0.5], [0, 0], { role: "neutral", "stroke-width": 1 });
  const writes = levels[cell === "lstm" ? 1 : 0];
  for (let t = first + 1; t <= last; t++) {
    plot.line([t, t], [0, candidate[t - 1]], { role: "candidate", "stroke-width": 1.2 });
    const filling = {
      fill: colour(writes[t - 1] ? "candidate" : "paper"),
      stroke: colour("candidate"),
    };
    plot.dot(t, candidate[t - 1], { ...filling, r: 3.5, "stroke-width": 1.5 });
  }
  const line = cell === "lstm" ? "cell" : "hidden";
  const [xs, ys] = between(memory, first, last);
  plot.line(xs, ys, { role: line, "stroke-width": 2.5 });
  if (cell === "lstm") {
    const [times, shown] = between(h, first, last);
    plot.line(times, shown, { role: "hidden", "stroke-dasharray": "5 4" });
  }
  return plot.node;
}

/** Une courbe d'un bord à l'autre d'une portée, où elle est coupée à mi-chemin.
 * @param {number[]} values @param {number} first @param {number} last @returns {[number[], number[]]} */
function between(values, first, last) {
  const xs = [first + 0.5];
  const ys = [(values[first] + values[first + 1]) / 2];
  for (let t = first + 1; t <= last; t++) {
    xs.push(t);
    ys.push(values[t]);
  }
  if (last < values.length - 1) {
    xs.push(last + 0.5);
    ys.push((values[last] + values[last + 1]) / 2);
  }
  return [xs, ys];
}

/** Ce que l'état final doit à celui de chaque pas ; zéro est posé sur le bord.
 * @param {Systems} systems @param {any} state @param {Values} values @param {"lstm" | "gru"} cell */
function gradient(systems, { t }, { direct, influence }, cell) {
  const steps = influence.length - 1;
  const box = { x: 0, y: systems.bottom + 24, width: systems.width, height: 160 };
  const plot = new Plot(box, {
    x: [0.5, steps + 0.5],
    y: [FLOOR, 4],
    yLog: true,
    xLabel: "pas t",
    margins: { left: LEFT, right: RIGHT, top: 6 },
  });
  if (cell === "gru") trace(plot, direct, "forget", { "stroke-width": 6, "stroke-opacity": 0.5 });
  trace(plot, influence, "gradient", { "stroke-width": 2.5 });
  plot.text(0.5, FLOOR, "0", { "text-anchor": "end", dx: -6, dy: 4 });
  plot.dot(t, Math.max(influence[t], FLOOR), { role: "paper", r: 5.5, stroke: colour("gradient"), "stroke-width": 2.5 }); // prettier-ignore
  const name =
    cell === "lstm"
      ? "∂c₃₀/∂cₜ, le produit des f suivants"
      : "∂h₃₀/∂hₜ (trait) ; produit des 1 − z (bande)";
  const heading = svg("text", { x: 4, y: systems.bottom + 14 }, name);
  return svg("g", {}, plot.node, heading);
}

/** Une influence et ses points ; là où elle est nulle, une croix sur le bord, ou un tiret pour la voie directe.
 * @param {Plot} plot @param {number[]} values @param {string} role @param {Record<string, any>} style */
function trace(plot, values, role, style) {
  const times = values.slice(1).map((_, k) => k + 1);
  const shown = times.map((t) => (values[t] > 0 ? Math.max(values[t], FLOOR) : NaN));
  plot.line(times, shown, { role, ...style });
  for (const t of times) {
    const [x, y] = [plot.x.at(t), plot.y.at(FLOOR)];
    if (values[t] > 0) plot.dot(t, Math.max(values[t], FLOOR), { role, r: 2.5 });
    else if (role === "forget") plot.add("path", { d: `M${x - 4} ${y}h8`, stroke: colour(role), ...style }); // prettier-ignore
    else plot.add("path", { d: `M${x - 3} ${y - 3}l6 6m-6 0l6 -6`, stroke: colour(role), "stroke-width": 1.5 }); // prettier-ignore
  }
}

// -- La phrase ------------------------------------------------------------------------------------------

/** @param {any} state @param {Values} values @param {Data} data */
function say({ t }, values, { cell }) {
  const { memory, h, influence, direct } = values;
  const steps = influence.length - 1;
  const levels = values.levels.map((row) => row[t - 1]);
  const told = cell === "lstm" ? lstmGesture(levels) : gruGesture(levels);
  const numbers = cell === "lstm" ? `c = ${french(memory[t])} et h = ${french(h[t])}` : `h = ${french(h[t])}`; // prettier-ignore
  const end = `${cell === "lstm" ? "la mémoire" : "l’état"} du pas ${steps}`;
  const ways = cell === "gru" && direct[t] !== influence[t] ? `, dont ${french(direct[t])} par la voie directe` : ""; // prettier-ignore
  const after = t === steps ? "" : ` Son influence sur ${end} est ${french(influence[t])}${ways}.`;
  return `Pas ${t}, ${told} : ${numbers}.${after}`;
}

/** @param {number[]} levels */
function lstmGesture([f, i, o]) {
  /** @type {Record<string, string>} */
  const names = { "0,0": "effacée", "1,0": "gardée", "0,1": "écrite", "1,1": "additionnée", "0.5,0": "divisée par deux" }; // prettier-ignore
  const shown = ["cachée", "à demi montrée", "montrée"][VALUES.indexOf(o)];
  return `mémoire ${names[`${f},${i}`] ?? "dosée"} et ${shown}`;
}

/** @param {number[]} levels */
function gruGesture([z, r]) {
  if (z === 0) return "état gardé";
  const again = ["sans relire", "en relisant à moitié", "en relisant"][VALUES.indexOf(r)];
  return `état ${z === 1 ? "récrit" : "mêlé à moitié"} ${again}`;
}

// -- Les missions ---------------------------------------------------------------------------------------

/** @param {number} a @param {number} b */
const near = (a, b, gap = 1e-9) => Math.abs(a - b) <= gap;

/** @param {number[]} values @param {number} from @param {number} to @param {(value: number) => boolean} test */
const all = (values, from, to, test) => values.slice(from, to + 1).every(test);

/** @type {import("../frame.js").Mission[]} */
const LSTM_MISSIONS = [
  {
    text: "Retenir : écrivez le candidat du pas 4 et gardez-le, tel quel, jusqu’au pas 30.",
    done: (_, { c, candidate }) => all(c, 4, 30, (value) => near(value, candidate[3])),
  },
  {
    text: "Cacher : tenez c au-dessus de 0,5 du pas 5 au pas 30, mais que h soit nul partout, sauf au pas 25.",
    done: (_, { c, h }) =>
      all(c, 5, 30, (value) => value > 0.5) && h.every((/** @type {number} */ value, /** @type {number} */ t) => (value !== 0) === (t === 25)), // prettier-ignore
  },
  {
    text: "Compter : cinq candidats valent 0,9 ; additionnez-les, et eux seuls, pour finir à c = 4,5.",
    done: (_, { c }) => near(c[30], 4.5),
  },
  {
    text: "Effacer : au moins 0,8 en mémoire au pas 14 ; au pas 15, qu’il n’en reste rien, ni dans c, ni dans l’influence.",
    done: (_, { c, influence }) => c[14] >= 0.8 && c[15] === 0 && influence[14] === 0,
  },
];

/** @type {import("../frame.js").Mission[]} */
const GRU_MISSIONS = [
  {
    text: "Retenir : prenez ce que l’entrée propose seule au pas 4, et gardez-le, tel quel, jusqu’au pas 30.",
    done: (_, { h, lone, levels }) =>
      levels[0][3] === 1 && all(h, 4, 30, (value) => near(value, lone[3])),
  },
  {
    text: "Remplacer : au pas 20, que l’état ne doive plus rien au précédent, qui n’était pas nul.",
    done: (_, { h, factors }) => factors[19] === 0 && h[19] !== 0 && h[20] !== 0,
  },
  {
    text: "Mélanger : finissez avec la moyenne de ce que l’entrée propose aux pas 4 et 20, à 0,01 près.",
    done: (_, { h, lone }) => near(h[30], (lone[3] + lone[19]) / 2, 0.01),
  },
  {
    text: "Relire : entre les pas 10 et 30, coupez la voie directe (produit des 1 − z nul), mais laissez passer plus de 0,3 d’influence.",
    done: (_, { direct, influence }) => direct[10] === 0 && Math.abs(influence[10]) > 0.3,
  },
];

/** @param {Data} data @returns {import("../frame.js").Spec} */
export function spec({ cell = "lstm", inputs = [], score = {} }) {
  const gates = GATES[cell] ?? [];
  const steps = Math.max(1, inputs.length);
  return {
    name: "portes",
    title: `Une partition de portes pour une ${cell === "gru" ? "GRU" : "LSTM"} d’une unité`,
    controls: [
      { key: "t", label: "pas lu", min: 1, max: steps, step: 1, value: 17 },
      ...gates.map(({ key, name }) => ({ key, label: name, kind: /** @type {const} */ ("text"), value: encode(decode(score[key] ?? "", steps)), maxLength: 120 })), // prettier-ignore
      {
        key: "clear",
        label: cell === "gru" ? "Tout fermer" : "Oubli ouvert, le reste fermé",
        kind: "button",
        press: (state) =>
          void gates.forEach(({ key }) => (state[key] = `${steps}${key === "f" ? "o" : "f"}`)),
      },
    ],
    missions: cell === "gru" ? GRU_MISSIONS : LSTM_MISSIONS,
    check(data) {
      if (!(data.cell in GATES)) throw new FigureError("la cellule doit être « lstm » ou « gru »");
      if (data.inputs?.length !== 30 || !data.inputs.every(Number.isFinite))
        throw new FigureError("il faut trente entrées");
      const told = GATES[data.cell].every(({ key }) => typeof data.score?.[key] === "string");
      if (!told) throw new FigureError("il manque la partition d’une porte");
    },
    compute,
    draw,
    say,
  };
}

export const render = figure(spec);
