/* Un texte mis en lots : coupé en B colonnes, lues ensemble, puis en fenêtres de w pas ; et ce qu'il en reste.
 *
 * Mêmes conventions que `text_columns` et `text_windows` du paquet : les caractères sont ceux d'Unicode. */

import { colour, panels, svg } from "../draw.js";
import { figure, FigureError } from "../frame.js";
import { focus, MOVES, prune, touchable } from "../touch.js";
import { label, typeset, wrapped } from "../words.js";

const LONGEST = 48;
const [CELL, ROW] = [25, 26]; // une case du flux, une ligne d'un tableau : de quoi toucher du doigt

/** @typedef {{text: string, B: number, w: number, at: number}} State */

// -- Découpe --------------------------------------------------------------------------------------

/** Colonnes, fenêtres et cibles : `columns` (B, M), et pour chaque fenêtre `x` et `y` (B, w), comme en Python.
 * Le caractère b M + t du flux est en ligne t de la colonne b ; les N mod B derniers restent.
 * @param {State} state */
export function compute({ text, B, w, at }) {
  const chars = [...text];
  const N = chars.length;
  const M = Math.floor(N / B);
  const count = Math.max(0, Math.floor((M - 1) / w));
  const columns = Array.from({ length: M ? B : 0 }, (_, b) => chars.slice(b * M, (b + 1) * M));
  const cut = (/** @type {number} */ start) =>
    columns.map((column) => column.slice(start, start + w));
  const windows = Array.from({ length: count }, (_, k) => ({ x: cut(k * w), y: cut(k * w + 1) }));
  const rest = N - B * M;
  const ends = M ? B : 0; // le dernier caractère de chaque colonne
  const lost = M ? B * (M - 1 - count * w) : 0; // faute d'une fenêtre entière
  return {
    chars,
    N,
    M,
    B,
    w,
    count,
    columns,
    windows,
    rest,
    ends,
    lost,
    followed: followed(at, N),
  };
}

/** L'indice du caractère suivi. @param {number} at @param {number} N */
const followed = (at, N) => Math.min(Math.round(at), N) - 1;

/** @typedef {ReturnType<typeof compute>} Values */

/** D'où vient le caractère d'indice i, et où va-t-il ? @param {Values} values @param {number} i */
export function placeOf({ N, M, B, w, count }, i) {
  if (i < 0 || i >= N) return { kind: "absent" };
  if (i >= B * M) return { kind: "rest" };
  const [column, row] = [Math.floor(i / M), i % M];
  const read = row < count * w;
  const kind = read ? "input" : row === M - 1 ? "end" : "lost";
  const target = row > 0 && row <= count * w; // la cible du caractère d'au-dessus
  const window = count ? Math.min(Math.floor(row / w), count - 1) : -1;
  return { kind, column, row, window, target };
}

/** Un caractère que l'on voit : l'espace, et les signes qui se posent sur une lettre. @param {string} char */
const seen = (char) => (/\s/u.test(char) ? "␣" : /\p{M}/u.test(char) ? `◌${char}` : char);

// -- Dessin ---------------------------------------------------------------------------------------

/** @typedef {{layers: Record<string, SVGElement>, cells: Map<number, SVGElement>, over: number,
 *   surface: import("../frame.js").Surface, values: Values}} Stage */

/** @type {WeakMap<SVGElement, Stage>} */
const STAGES = new WeakMap();

/** @param {import("../frame.js").Surface} surface @param {Values} values */
function stageOf(surface, values) {
  const { node } = surface;
  let stage = STAGES.get(node);
  if (!stage) {
    const layers = { back: svg("g"), cells: svg("g"), front: svg("g") };
    layers.front.setAttribute("pointer-events", "none");
    layers.cells.setAttribute("role", "group");
    layers.cells.setAttribute("aria-label", "colonnes");
    node.replaceChildren(...Object.values(layers));
    node.setAttribute("role", "group");
    stage = { layers, cells: new Map(), over: -1, surface, values };
    STAGES.set(node, stage);
    listen(node, stage);
  }
  return Object.assign(stage, { surface, values });
}

/** Survoler une case la montre ; la toucher ou la cliquer la suit. @param {SVGElement} node @param {Stage} stage */
function listen(node, stage) {
  const indexOf = (/** @type {Event} */ event) => {
    const found = /** @type {Element} */ (event.target).closest("[data-index]");
    return found ? Number(found.getAttribute("data-index")) : -1;
  };
  const show = (/** @type {number} */ index) => {
    if (index === stage.over) return;
    stage.over = index;
    paint(stage);
  };
  node.addEventListener("pointerover", (event) => {
    if (/** @type {PointerEvent} */ (event).pointerType === "mouse") show(indexOf(event));
  });
  node.addEventListener("pointerleave", () => show(-1));
  node.addEventListener("click", (event) => {
    const index = indexOf(event);
    if (index >= 0) stage.surface.set({ at: index + 1 });
  });
}

/** @param {import("../frame.js").Surface} surface @param {State} _state @param {Values} values */
function draw(surface, _state, values) {
  paint(stageOf(surface, values));
}

/** @param {Stage} stage */
function paint(stage) {
  const { values, surface, layers } = stage;
  const shown = stage.over >= 0 && stage.over < values.N ? stage.over : values.followed;
  const stream = streamPicture(surface.width, values, shown);
  const written = (/** @type {number} */ i) => wrapped(typeset(route(values, i)), surface.width);
  const words = written(shown);
  const most = Math.max(1, ...values.chars.map((_, i) => written(i).length)); // rien ne saute au survol
  const top = stream.height + 18 * most + 12;
  const { boxes, height } = panelsOf(surface.width, values, top);
  const place = placeOf(values, shown);
  const window = place.window ?? (values.count ? 0 : -1);
  const lines = words.map((line, k) =>
    label(4, stream.height + 14 + 18 * k, line, { anchor: "start", bold: true }),
  );
  const tables = values.M ? matrices(boxes[1], values, shown, window) : [];
  layers.back.replaceChildren(...stream.items, ...lines, ...tables);
  columnsPicture(stage, boxes[0], shown, window);
  surface.resize(height);
}

/** Les places des colonnes et des deux matrices, côte à côte si elles tiennent.
 * @param {number} width @param {Values} values @param {number} top */
function panelsOf(width, { B, M, w, count }, top) {
  const { boxes } = panels(width, 2, 0, 300);
  const beside = boxes[1].x > 0;
  const table = 30 + M * ROW + 12;
  const across = 2 * (B * CELL + 16) <= boxes[1].width;
  const pair = count ? (across ? 1 : 2) * (34 + w * ROW) : 30;
  const places = boxes.map((box, k) => ({
    ...box,
    y: top + (k && !beside ? table : 0),
    height: 0,
  }));
  const height = M ? top + (beside ? Math.max(table, pair) : table + pair) : top;
  return { boxes: places, height: height + 6 };
}

/** Une case. @param {number} index @param {string} char
 * @param {{x: number, y: number, width: number, height: number, role?: string, strong?: boolean, gone?: boolean,
 *   ring?: string}} how */
function square(index, char, { x, y, width, height, role = "hidden", strong, gone, ring }) {
  const area = { x: x + 1, y: y + 1, width: width - 2, height: height - 2, rx: 3 };
  const rings = { shown: ["ink", undefined], target: ["output", "4 2"] };
  const [stroke, dash] = ring
    ? rings[/** @type {"shown"} */ (ring)]
    : [role, gone ? "2 3" : undefined];
  const look = {
    fill: colour(gone ? "paper" : role),
    "fill-opacity": gone ? 1 : strong ? 0.24 : 0.1,
    stroke: colour(/** @type {string} */ (stroke)),
    "stroke-width": ring ? 3 : 0.8,
    "stroke-dasharray": dash,
  };
  const words = label(x + width / 2, y + height / 2 + 4.5, seen(char), {
    size: 14,
    struck: gone,
    bold: ring === "shown",
  });
  return svg("g", { "data-index": index }, svg("rect", { ...area, ...look }), words);
}

/** Ce qui entoure un caractère : plein pour celui que l'on suit, tirets pour sa cible.
 * @param {Values} values @param {number} shown @param {number} index */
function ringOf(values, shown, index) {
  if (index === shown) return "shown";
  const read = placeOf(values, shown).kind === "input";
  return read && index === shown + 1 ? "target" : undefined;
}

/** Le flux, ses coupures numérotées, son reste barré. @param {number} width @param {Values} values @param {number} shown */
function streamPicture(width, values, shown) {
  const { chars, N, M, B } = values;
  const across = Math.max(1, Math.floor((width - 8) / CELL));
  const items = [label(4, 13, `Le flux : ${plural(N, "caractère")}`, { anchor: "start" })];
  const height = 22 + Math.max(1, Math.ceil(N / across)) * (CELL + 17);
  chars.forEach((char, i) => {
    const [x, y] = [4 + (i % across) * CELL, 36 + Math.floor(i / across) * (CELL + 17)];
    const gone = i >= B * M;
    const strong = Math.floor(i / M) % 2 === 1;
    const size = { x, y, width: CELL, height: CELL };
    items.push(square(i, char, { ...size, strong, gone, ring: ringOf(values, shown, i) }));
    if (!gone && i % M === 0) items.push(...slice(x, y, Math.floor(i / M) + 1));
    if (gone && i === B * M)
      items.push(label(x, y - 4, "reste", { size: 11, anchor: x + 40 > width ? "end" : "start" }));
  });
  return { items, height };
}

/** Le début d'une tranche. @param {number} x @param {number} y @param {number} number */
const slice = (x, y, number) => [
  svg("line", { x1: x, x2: x, y1: y - 13, y2: y + CELL, stroke: colour("ink"), "stroke-width": 2 }),
  label(x + 4, y - 4, String(number), { size: 11, anchor: "start" }),
];

/** @param {number} count @param {string} word */
const plural = (count, word) => `${count} ${word}${count > 1 ? "s" : ""}`;

/** @param {Stage} stage @param {import("../draw.js").Box} box @param {number} shown @param {number} window */
function columnsPicture(stage, box, shown, window) {
  const { values, cells, layers } = stage;
  const { M, B, w, count, chars } = values;
  const left = box.x + 76;
  const size = Math.min(34, (box.width - 82) / B);
  const top = box.y + 24;
  prune(cells, (index) => index < B * M);
  for (let index = 0; index < B * M; index++) {
    const { column = 0, row = 0, kind } = placeOf(values, index);
    const node = cells.get(index) ?? newCell(stage, index);
    cells.set(index, node);
    const area = { x: left + column * size, y: top + row * ROW, width: size, height: ROW };
    const gone = kind !== "input" && !(count && row === count * w);
    const look = { ...area, gone, strong: column % 2 === 1, ring: ringOf(values, shown, index) };
    node.replaceChildren(square(index, chars[index], look));
    node.setAttribute("tabindex", index === Math.min(values.followed, B * M - 1) ? "0" : "-1");
    node.setAttribute("aria-pressed", String(index === values.followed));
    node.setAttribute(
      "aria-label",
      `« ${seen(chars[index])} », colonne ${column + 1}, ligne ${row + 1}`,
    );
  }
  const place = { left, top, size, x: box.x };
  layers.front.replaceChildren(...(M ? frames(values, place, window) : []));
}

/** @typedef {{left: number, top: number, size: number, x: number}} Place */

/** Les cadres des fenêtres, et le nom de ce qui commence à chaque ligne.
 * @param {Values} values @param {Place} place @param {number} window */
function frames({ M, B, w, count }, place, window) {
  const { left, top, size, x } = place;
  const title = `Les colonnes, ${count ? plural(count, "fenêtre") : "aucune fenêtre"}`;
  const items = [label(x + 4, top - 10, title, { anchor: "start" })];
  const name = (/** @type {number} */ row, /** @type {string} */ words) =>
    items.push(label(left - 8, top + row * ROW + 17, words, { size: 11, anchor: "end" }));
  for (let k = 0; k < count; k++) {
    items.push(...windowFrame(left, top + k * w * ROW, B * size, w * ROW, k === window));
    name(k * w, `fenêtre ${k + 1}`);
  }
  if (count) name(count * w, "cible");
  const first = count ? count * w + 1 : 0;
  if (first < M) name(first, first === M - 1 ? "jamais lue" : "jamais lues");
  return items;
}

/** Le cadre d'une fenêtre, en trait plein ; si c'est celle que l'on montre, celui de ses cibles, en tirets.
 * @param {number} left @param {number} top @param {number} width @param {number} height @param {boolean} shown */
function windowFrame(left, top, width, height, shown) {
  const y = shown ? top - 1 : top + 1;
  const area = { x: left - 3, y, width: width + 6, height: height - 2, rx: 4, fill: "none" };
  const ink = { stroke: colour("input"), "stroke-width": shown ? 3 : 1.5 };
  const aim = { stroke: colour("output"), "stroke-width": 2.2, "stroke-dasharray": "6 4" };
  const later = { x: left - 6, y: y + ROW + 3, width: width + 12 };
  const frame = svg("rect", { ...area, ...ink });
  return shown ? [frame, svg("rect", { ...area, ...later, ...aim })] : [frame];
}

/** @param {Stage} stage @param {number} index */
function newCell(stage, index) {
  const follow = (/** @type {number} */ place) => stage.surface.set({ at: place + 1 });
  const move = (/** @type {string} */ key) => {
    if (!(key in MOVES)) return false;
    const { M, B } = stage.values;
    const { column = 0, row = 0 } = placeOf(stage.values, index);
    const [r, c] = [row + MOVES[key][0], column + MOVES[key][1]];
    if (r < 0 || r >= M || c < 0 || c >= B) return true;
    follow(c * M + r);
    focus(/** @type {SVGElement} */ (stage.cells.get(c * M + r)));
    return true;
  };
  return touchable(stage.layers.cells, () => follow(index), move);
}

/** Les deux matrices de la fenêtre montrée, une ligne par instant.
 * @param {import("../draw.js").Box} box @param {Values} values @param {number} shown @param {number} window */
function matrices(box, values, shown, window) {
  const { B, M, w, count } = values;
  if (window < 0) {
    const words = `Il faut ${w + 1} caractères par colonne, il y en a ${M}.`;
    return [label(box.x + 4, box.y + 14, words, { anchor: "start" })];
  }
  const across = 2 * (B * CELL + 16) <= box.width;
  const second = across
    ? { x: box.x + B * CELL + 32, y: box.y }
    : { x: box.x, y: box.y + 34 + w * ROW };
  const which = count > 1 ? `, fenêtre ${window + 1}` : "";
  return [
    ...matrix({ x: box.x + 4, y: box.y }, values, window, 0, shown, `entrées x${which}`),
    ...matrix({ x: second.x + 4, y: second.y }, values, window, 1, shown, "cibles y"),
  ];
}

/** @param {{x: number, y: number}} corner @param {Values} values @param {number} window @param {number} late 0 pour les entrées, 1 pour les cibles
 * @param {number} shown @param {string} title */
function matrix({ x, y }, values, window, late, shown, title) {
  const { B, M, w, chars } = values;
  const items = [label(x, y + 14, title, { anchor: "start" })];
  const role = late ? "output" : "input";
  for (let t = 0; t < w; t++)
    for (let b = 0; b < B; b++) {
      const index = b * M + window * w + t + late;
      const found = ringOf(values, shown, index);
      const ring = found === (late ? "target" : "shown") ? found : undefined;
      const place = { x: x + b * CELL, y: y + 24 + t * ROW, width: CELL, height: ROW };
      items.push(square(index, chars[index], { ...place, role, ring }));
    }
  return items;
}

// -- Phrase ---------------------------------------------------------------------------------------

/** Le chemin d'un caractère, en mots. @param {Values} values @param {number} i */
export function route(values, i) {
  const { kind, column = 0, row = 0, window = 0, target } = placeOf(values, i);
  if (kind === "absent") return "Aucun caractère : tapez un texte.";
  const name = `« ${seen(values.chars[i])} », n° ${i + 1} du flux`;
  if (kind === "rest") return `${name} : en reste, dans aucune colonne.`;
  const place = `${name} : colonne ${column + 1}, ligne ${row + 1}`;
  const next = `« ${seen(values.chars[i + 1] ?? "")} »`;
  if (kind === "input")
    return `${place}, entrée de la fenêtre ${window + 1} ; sa cible est ${next}.`;
  const aimed = target ? " ; c’est seulement une cible" : " ; ni entrée ni cible";
  if (kind === "lost") return `${place}${aimed} : la fenêtre suivante ne serait pas entière.`;
  const away =
    i + 1 < values.B * values.M
      ? `${next} est en tête de la colonne ${column + 2}`
      : "la colonne finit là";
  return `${place}${aimed} : ${away}.`;
}

/** @param {State} state @param {Values} values */
export function say({ B, w }, values) {
  const { N, M, count, rest, ends, lost, followed } = values;
  if (!M)
    return `${plural(N, "caractère")} pour ${plural(B, "colonne")} : il en faut au moins un par colonne.`;
  const cut = `${plural(N, "caractère")} en ${plural(B, "colonne")} de ${M}`;
  const windows = count
    ? `${plural(count, "fenêtre")} de ${w}`
    : `aucune fenêtre de ${w} ne tient : il faudrait ${w + 1} caractères par colonne`;
  const unread = rest + ends + lost;
  const verb = unread > 1 ? "ne sont jamais des entrées" : "n’est jamais une entrée";
  const why = [
    `${ends} en bout de colonne`,
    ...(lost ? [`${lost} faute d’une fenêtre entière`] : []),
    ...(rest ? [`${rest} en reste`] : []),
  ];
  return `${cut}, ${windows}. ${plural(unread, "caractère")} sur ${N} ${verb} : ${why.join(", ")}. ${route(values, followed)}`;
}

// -- La figure ------------------------------------------------------------------------------------

/** @type {import("../frame.js").Mission[]} */
const MISSIONS = [
  {
    text: "Suivez un caractère dont le voisin de droite, dans le flux, est dans une autre colonne.",
    done: (_, { followed, M, B }) =>
      followed >= 0 && (followed + 1) % M === 0 && followed + 1 < B * M,
  },
  {
    text: "Choisissez w pour qu’aucune fenêtre ne tienne, alors que les colonnes ne sont pas vides.",
    done: (_, { M, count }) => M > 0 && count === 0,
  },
  {
    text: "Ne perdez rien : ni reste, ni pas hors des fenêtres, avec deux colonnes, w = 2 et deux fenêtres, ou davantage. Il faudra changer le texte.",
    done: (_, { B, w, count, rest, lost }) =>
      B > 1 && w > 1 && count > 1 && rest === 0 && lost === 0,
  },
];

/** @param {any} data */
function check({ text, B, w }) {
  const length = typeof text === "string" ? [...text].length : 0;
  if (length < 1 || length > LONGEST)
    throw new FigureError(`il faut un texte de 1 à ${LONGEST} caractères`);
  if (![B, w].every((size) => Number.isInteger(size) && size >= 1))
    throw new FigureError("il faut un nombre de colonnes et une longueur de fenêtre");
}

/** @param {{text: string, B: number, w: number}} data @returns {import("../frame.js").Spec} */
export function spec(data) {
  check(data);
  return {
    name: "lots",
    title: "Un texte en colonnes, puis en fenêtres",
    controls: [
      { key: "B", label: "colonnes B", min: 1, max: 8, step: 1, value: data.B },
      { key: "w", label: "longueur w d’une fenêtre", min: 1, max: 12, step: 1, value: data.w },
      { key: "at", label: "caractère suivi", min: 1, max: LONGEST, step: 1, value: 1 },
      { key: "text", label: "texte", kind: "text", maxLength: LONGEST, value: data.text },
    ],
    missions: MISSIONS,
    compute,
    draw,
    say,
  };
}

export const render = figure(spec);
