/* Le contrat de toutes les figures : commandes au clavier, phrase annoncée, adresse, missions, remise à zéro.
 *
 * Une figure ne dit que ce qui lui est propre (``spec``) : ses commandes, ce qu'elle calcule, ce qu'elle dessine,
 * la phrase qui le dit, et ses missions. Elle ne calcule que lorsqu'elle est à l'écran. */

import { french, html, svg } from "./draw.js";
import { STYLE } from "./style.js";

export const VERSION = 1;

/** @typedef {{key: string, label: string, kind?: "range" | "choice" | "switch" | "toggle" | "text" | "button",
 *   pressed?: string, min?: number, max?: number, step?: number, digits?: number, value?: any, options?: [string, string][],
 *   maxLength?: number, press?: (state: State, data: any) => void}} Control */
/** @typedef {any} State  les valeurs des commandes, par clé */
/** @typedef {{text: string, done: (state: State, values: any) => boolean}} Mission */
/** @typedef {{node: SVGElement, width: number, resize: (height: number) => void, set: (changes: State) => void}} Surface */
/** @typedef {{name: string, title: string, controls: Control[], hidden?: State, check?: (data: any) => void,
 *   compute: (state: State, data: any) => any, draw: (surface: Surface, state: State, values: any, data: any) => void,
 *   say: (state: State, values: any, data: any) => string, missions?: Mission[],
 *   animate?: (state: State, data: any, set: (changes: State) => void) => boolean}} Spec */

const ANNOUNCED_AFTER = 500; // ms : un curseur que l'on tire ne dit que là où il s'arrête
const WRITTEN_AFTER = 250;

/** Une erreur que le lecteur peut comprendre. */
export class FigureError extends Error {}

/** Le rendu d'une figure : ce qu'attendent la page et anywidget.
 * @param {Spec | ((data: any) => Spec)} make ; ses commandes peuvent dépendre des données */
export const figure =
  (make) =>
  /** @param {{model: {get: (key: string) => any}, el: HTMLElement}} context */
  ({ model, el }) => {
    try {
      const { data, page } = unpack(model);
      const spec = typeof make === "function" ? make(data) : make;
      spec.check?.(data);
      return new Frame(el, spec, data, page).start();
    } catch (error) {
      fail(el, error);
      return undefined;
    }
  };

/** @param {{get: (key: string) => any}} model */
function unpack(model) {
  const sent = model.get("data");
  if (sent === null || typeof sent !== "object")
    throw new FigureError("ses données manquent ou sont illisibles");
  if (sent.version !== VERSION) {
    throw new FigureError(
      `ses données sont de la version ${sent.version}, la figure attend la version ${VERSION}`,
    );
  }
  return { data: sent.data ?? {}, page: Boolean(model.get("page")) };
}

/** Dit ce qui empêche la figure de vivre ; l'image fixe reste. @param {HTMLElement} el @param {unknown} error */
export function fail(el, error) {
  const told = error instanceof FigureError ? error.message : `une erreur imprévue (${error})`;
  const words = `Cette figure ne peut pas être animée : ${told}. L’image fixe reste lisible ; rechargez la page, ou reconstruisez le livre.`;
  el.replaceChildren(
    html("style", {}, STYLE),
    html("p", { class: "jeu-erreur", role: "alert" }, words),
  );
  el.dataset.etat = "erreur";
}

export class Frame {
  /** @param {HTMLElement} el @param {Spec} spec @param {any} data @param {boolean} page */
  constructor(el, spec, data, page) {
    this.el = el;
    this.spec = spec;
    this.data = data;
    this.page = page;
    this.initial = {
      ...spec.hidden,
      ...Object.fromEntries(spec.controls.map(({ key, value }) => [key, value])),
    };
    this.state = { ...this.initial };
    this.inputs = new Map();
    this.won = new Set();
    this.words = this.address = "";
    this.touched = this.visible = this.dirty = false;
    this.still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.cleanups = /** @type {(() => void)[]} */ ([]);
  }

  start() {
    const { el, spec } = this;
    const hidden = /[?&]controles=non\b/.test(location.search + location.hash);
    this.surface = svg("svg", { class: "jeu-dessin", role: "img", "aria-label": spec.title });
    this.live = html("p", { class: "jeu-phrase", role: "status", "aria-live": "polite" });
    const controls = html(
      "div",
      { class: "jeu-commandes" },
      ...spec.controls.map((control) => this.#control(control)),
    );
    controls.append(
      html(
        "button",
        { type: "button", class: "jeu-bouton", onclick: () => this.reset() },
        "Recommencer",
      ),
    );
    this.missions = html(
      "ul",
      { class: "jeu-missions" },
      ...(spec.missions ?? []).map(({ text }) => mission(text)),
    );
    const tools = [controls, ...(spec.missions?.length ? [this.missions] : [])];
    el.replaceChildren(html("style", {}, STYLE), this.surface, this.live, ...(hidden ? [] : tools));
    el.classList.add("jeu");
    el.setAttribute("role", "group");
    el.setAttribute("aria-label", `Figure à manipuler : ${spec.title}`);
    this.#watch();
    this.#read();
    this.refresh(true);
    el.dataset.etat = "prete";
    Object.assign(el, { figure: this });
    return () => this.cleanups.forEach((stop) => stop());
  }

  /** Change l'état, comme le ferait le lecteur. @param {State} changes */
  set(changes, { touched = true } = {}) {
    this.#assign(changes);
    this.touched ||= touched;
    this.dirty = true;
    if (!this.scheduled) this.scheduled = requestAnimationFrame(() => this.#frame());
  }

  /** @param {State} changes */
  #assign(changes) {
    Object.assign(this.state, changes);
    for (const [key, show] of this.inputs) if (key in changes) show(this.state[key]);
  }

  reset() {
    this.won.clear();
    this.#showMissions();
    this.set({ ...this.initial });
    this.address = "";
    if (this.page && this.#owns())
      history.replaceState(null, "", location.pathname + location.search);
  }

  /** Les nombres de la figure pour cet état : ce que les tests comparent à torch. @param {State} changes */
  compute(changes = {}) {
    return this.spec.compute({ ...this.state, ...changes }, this.data);
  }

  refresh(force = false) {
    if (!this.visible && !force) return;
    this.dirty = false;
    const width = Math.max(280, Math.min(this.el.clientWidth || 640, 900));
    this.values = this.spec.compute(this.state, this.data);
    const node = /** @type {SVGElement} */ (this.surface);
    const resize = (/** @type {number} */ height) => {
      node.setAttribute("viewBox", `0 0 ${width} ${height}`);
      node.setAttribute("width", String(width));
      node.setAttribute("height", String(height));
    };
    const set = (/** @type {State} */ changes) => this.set(changes);
    this.spec.draw({ node, width, resize, set }, this.state, this.values, this.data);
    this.#tell();
  }

  #frame() {
    this.scheduled = 0;
    if (!this.visible) return;
    const set = (/** @type {State} */ changes) => this.#assign(changes);
    if (this.spec.animate?.(this.state, this.data, set)) this.dirty = true;
    if (this.dirty) {
      const again = this.spec.animate !== undefined;
      this.refresh();
      if (again && this.playing) this.scheduled = requestAnimationFrame(() => this.#frame());
    }
  }

  get playing() {
    return Boolean(this.state.playing);
  }

  #watch() {
    const seen = new IntersectionObserver(([{ isIntersecting }]) => {
      this.visible = isIntersecting;
      if (isIntersecting && (this.dirty || this.playing)) this.set({}, { touched: false });
    });
    const sized = new ResizeObserver(() => this.set({}, { touched: false }));
    seen.observe(this.el);
    sized.observe(this.el);
    const read = () => this.#read();
    window.addEventListener("hashchange", read);
    this.cleanups.push(
      () => seen.disconnect(),
      () => sized.disconnect(),
      () => window.removeEventListener("hashchange", read),
    );
  }

  // -- Adresse ----------------------------------------------------------------------------------

  #owns() {
    return location.hash.startsWith(`#${this.spec.name}?`);
  }

  /** Prend dans l'adresse (« #unite?w=1.5&b=0 ») les réglages qui y sont, et seulement ceux qui sont permis. */
  #read() {
    if (!this.page || !this.#owns()) return;
    const query = new URLSearchParams(location.hash.slice(location.hash.indexOf("?") + 1));
    const changes = /** @type {State} */ ({});
    for (const control of this.spec.controls) {
      const text = query.get(control.key);
      const value = text === null ? undefined : accepted(control, text);
      if (value !== undefined) changes[control.key] = value;
    }
    this.set({ ...this.initial, ...changes });
    this.el.scrollIntoView({ block: "center", behavior: this.still ? "auto" : "smooth" });
  }

  #write() {
    if (!this.page || !this.touched) return;
    const query = new URLSearchParams();
    for (const { key, kind } of this.spec.controls) {
      if (kind !== "button" && this.state[key] !== this.initial[key])
        query.set(key, String(this.state[key]));
    }
    const address = `#${this.spec.name}?${query}`;
    // une animation ne change pas de réglage à chaque image
    if (address === this.address && (this.playing || this.#owns())) return;
    this.address = address;
    clearTimeout(this.writing);
    this.writing = setTimeout(() => {
      try {
        history.replaceState(null, "", address);
      } catch {
        // un navigateur qui refuse ne perd que l'adresse
      }
    }, WRITTEN_AFTER);
  }

  // -- Parole et missions -----------------------------------------------------------------------

  #tell() {
    const words = unbreakable(this.spec.say(this.state, this.values, this.data));
    this.surface?.setAttribute("aria-label", `${this.spec.title}. ${words}`);
    this.words = words;
    const say = () => {
      this.telling = undefined;
      if (this.live && this.live.textContent !== this.words) this.live.textContent = this.words;
    };
    if (!this.playing) clearTimeout(this.telling);
    if (!this.touched || !this.live?.textContent) say();
    else if (!this.playing) this.telling = setTimeout(say, ANNOUNCED_AFTER);
    else this.telling ??= setTimeout(say, 4 * ANNOUNCED_AFTER); // une animation parle toutes les deux secondes
    if (!this.touched) return;
    for (const [rank, { done }] of (this.spec.missions ?? []).entries()) {
      if (!this.won.has(rank) && done(this.state, this.values)) this.won.add(rank);
    }
    this.#showMissions();
    this.#write();
  }

  #showMissions() {
    for (const [rank, item] of [...(this.missions?.children ?? [])].entries()) {
      const won = this.won.has(rank);
      if (item.classList.contains("gagnee") === won) continue;
      item.classList.toggle("gagnee", won);
      const [mark, note] = [item.querySelector(".marque"), item.querySelector(".note")];
      if (mark) mark.textContent = won ? "☑" : "☐";
      if (note) note.textContent = won ? " Réussi !" : "";
    }
  }

  // -- Commandes --------------------------------------------------------------------------------

  /** @param {Control} control */
  #control(control) {
    const id = `${this.spec.name}-${control.key}-${Math.random().toString(36).slice(2, 8)}`;
    const change = (/** @type {any} */ value) => this.set({ [control.key]: value });
    /** @type {Record<string, (control: Control, id: string, change: (value: any) => void) => {node: HTMLElement, show: (value: any) => void}>} */
    const builders = {
      range: rangeInput,
      choice: choiceInput,
      switch: switchInput,
      toggle: toggleButton,
      text: textInput,
    };
    if (control.kind === "button") {
      const onclick = () => {
        control.press?.(this.state, this.data);
        this.set({ ...this.state });
      };
      return html(
        "button",
        { type: "button", class: "jeu-bouton", "data-cle": control.key, onclick },
        control.label,
      );
    }
    const { node, show } = builders[control.kind ?? "range"](control, id, change);
    this.inputs.set(control.key, show);
    show(this.state[control.key]);
    return node;
  }
}

/** Les espaces que le français ne coupe pas. @param {string} text */
const unbreakable = (text) =>
  text
    .replace(/ (?=[;?!»%])|(?<=«) /g, "\u202f")
    .replace(/ (?=:)|(?<=[=×≥≤]) | (?=[=×≥≤])/g, "\u00a0");

/** La valeur qu'une adresse donne à une commande, ou ``undefined`` si elle n'est pas permise.
 * @param {Control} control @param {string} text */
function accepted(control, text) {
  const {
    kind = "range",
    min = -Infinity,
    max = Infinity,
    options = [],
    maxLength = 400,
  } = control;
  if (kind === "switch" || kind === "toggle") return text === "true" || text === "oui";
  if (kind === "choice") return options.some(([value]) => value === text) ? text : undefined;
  if (kind === "text") return text.slice(0, maxLength);
  const value = Number(text.replace(",", "."));
  return text.trim() === "" || !Number.isFinite(value)
    ? undefined
    : Math.min(max, Math.max(min, value));
}

/** @param {string} text */
const mission = (text) =>
  html(
    "li",
    {},
    html("span", { class: "marque", "aria-hidden": "true" }, "☐"),
    ` ${unbreakable(text)}`,
    html("strong", { class: "note", role: "status" }),
  );

/** @param {Control} control @param {string} id @param {(value: any) => void} change */
function rangeInput({ key, label, min, max, step, digits = 3 }, id, change) {
  const input = /** @type {HTMLInputElement} */ (
    html("input", { type: "range", id, min, max, step, "data-cle": key })
  );
  const output = html("output", { for: id });
  input.addEventListener("input", () => change(Number(input.value)));
  const show = (/** @type {number} */ value) => {
    input.value = String(value);
    output.textContent = french(value, digits);
    input.setAttribute("aria-valuetext", french(value, digits));
  };
  return {
    node: html("div", { class: "jeu-commande" }, html("label", { for: id }, label), input, output),
    show,
  };
}

/** @param {Control} control @param {string} id @param {(value: any) => void} change */
function choiceInput({ key, label, options = [] }, id, change) {
  const choices = options.map(([value, words]) => html("option", { value }, words));
  const select = /** @type {HTMLSelectElement} */ (
    html("select", { id, "data-cle": key }, ...choices)
  );
  select.addEventListener("change", () => change(select.value));
  const show = (/** @type {string} */ value) => void (select.value = value);
  return {
    node: html("div", { class: "jeu-commande" }, html("label", { for: id }, label), select),
    show,
  };
}

/** @param {Control} control @param {string} id @param {(value: any) => void} change */
function switchInput({ key, label }, id, change) {
  const input = /** @type {HTMLInputElement} */ (
    html("input", { type: "checkbox", id, "data-cle": key })
  );
  input.addEventListener("change", () => change(input.checked));
  const show = (/** @type {boolean} */ value) => void (input.checked = Boolean(value));
  return {
    node: html("div", { class: "jeu-commande" }, input, html("label", { for: id }, label)),
    show,
  };
}

/** Un bouton à deux états, « Jouer » et « Pause » par exemple : il dit ce qu'il fera.
 * @param {Control} control @param {string} id @param {(value: any) => void} change */
function toggleButton({ key, label, pressed = label }, id, change) {
  let now = false;
  const onclick = () => change(!now);
  const attributes = { type: "button", class: "jeu-bouton", id, "data-cle": key, onclick };
  const node = html("button", attributes);
  const show = (/** @type {boolean} */ value) => {
    now = Boolean(value);
    const words = now ? pressed : label;
    if (node.textContent !== words) node.textContent = words;
  };
  return { node, show };
}

/** @param {Control} control @param {string} id @param {(value: any) => void} change */
function textInput({ key, label, maxLength = 400 }, id, change) {
  const attributes = {
    type: "text",
    id,
    maxlength: maxLength,
    spellcheck: "false",
    autocomplete: "off",
    "data-cle": key,
  };
  const input = /** @type {HTMLInputElement} */ (html("input", attributes));
  input.addEventListener("input", () => change(input.value));
  const show = (/** @type {string} */ value) => {
    if (input.value !== value) input.value = value;
  };
  return {
    node: html(
      "div",
      { class: "jeu-commande jeu-texte" },
      html("label", { for: id }, label),
      input,
    ),
    show,
  };
}
