/* La recherche du livre, à la place de celle de Sphinx : elle cherche dans chaque section, montre le mot demandé,
   et mène à sa première occurrence.  L'index (searchindex.js) vient de book/_ext/search_sections.py,
   la racine des mots (Stemmer) et les mots vides (stopwords) de language_data.js. */

"use strict";

const Search = (() => {
  const WIDTH = 240; // d'un extrait, en caractères
  const MOST = 60; // résultats montrés
  const PREFIX = 3; // un mot plus court n'en commence pas un autre
  const SPELLED = /[\p{Letter}\p{Number}_]+(?:,\p{Number}+)?/gu;
  const MEANINGLESS = ["vs", "versus", "contre"]; // « LSTM vs GRU » : ni mots du livre, ni mots vides du français

  const fold = (text) => text.toLowerCase().replace(/\p{Letter}/gu, (letter) => letter.normalize("NFD")[0]);
  const wordsOf = (text) => fold(text).match(SPELLED) ?? [];

  let stemmer;
  const stems = new Map();
  const stem = (word) => {
    stemmer ??= new Stemmer();
    if (!stems.has(word)) stems.set(word, stemmer.stemWord(word));
    return stems.get(word);
  };

  /** Mots de la requête, sans les mots vides (sauf s'il n'y a qu'eux). */
  const parse = (query) => {
    const words = [...new Set(wordsOf(query))];
    const empty = new Set([...stopwords.map(fold), ...MEANINGLESS]);
    const kept = words.filter((word) => !empty.has(word));
    return kept.length ? kept : words;
  };

  const matches = (word, asked) =>
    word === asked || stem(word) === stem(asked) || (asked.length >= PREFIX && word.startsWith(asked));

  /** Poids d'un mot demandé dans des mots lus : exact (ou de même racine), sinon comme début de mot. */
  const weigh = (words, asked) => {
    let exact = 0, partial = 0;
    for (const word of words) {
      if (word === asked || stem(word) === stem(asked)) exact += 1;
      else if (matches(word, asked)) partial += 1;
    }
    return exact ? 1 + Math.log2(exact) : partial ? 0.4 : 0;
  };

  const score = (section, asked) => {
    let total = 0, found = 0;
    for (const word of asked) {
      const inTitle = weigh(section.titleWords, word), inText = weigh(section.words, word);
      if (inTitle || inText) found += 1;
      total += 12 * Math.min(inTitle, 1) + Math.min(inText, 5);
    }
    const phrase = asked.join(" ");
    const title = section.titleWords.join(" ");
    if (title.replace(/^[\d ]+/, "") === phrase) total += 30;
    else if (asked.length > 1 && title.includes(phrase)) total += 15;
    if (asked.length > 1 && section.words.join(" ").includes(phrase)) total += 5;
    return {section, found, total: section.isReference ? total * 0.6 : total};
  };

  /** Les sections qui contiennent tous les mots, sinon celles qui en contiennent le plus. */
  const find = (sections, asked) => {
    const scored = sections.map((section) => score(section, asked)).filter(({found}) => found);
    const most = Math.max(0, ...scored.map(({found}) => found));
    return scored.filter(({found}) => found === most).sort((one, other) => other.total - one.total);
  };

  const read = ({pages}) => pages.flatMap(([page, pageTitle, entries]) => entries.map(([anchor, title, text]) => ({
    page, pageTitle, anchor, title, text,
    titleWords: wordsOf(title), words: wordsOf(text), isReference: page.endsWith("/api"),
  })));

  const isAsked = (asked) => (word) => asked.some((one) => matches(fold(word), one));

  /** Met un texte dans un élément, les mots demandés marqués. */
  const write = (element, text, asked) => {
    let end = 0;
    for (const {0: word, index} of text.matchAll(SPELLED)) {
      if (!isAsked(asked)(word)) continue;
      element.append(text.slice(end, index));
      element.appendChild(document.createElement("mark")).textContent = word;
      end = index + word.length;
    }
    element.append(text.slice(end));
    return element;
  };

  /** Le passage de la section où le plus de mots demandés sont réunis, le premier s'il y en a plusieurs. */
  const excerpt = (text, asked) => {
    const places = [...text.matchAll(SPELLED)].filter(({0: word}) => isAsked(asked)(word));
    const kinds = (from) => new Set(places.slice(from).filter(({index}) => index < places[from].index + WIDTH / 2)
      .map(({0: word}) => stem(fold(word)))).size;
    let best = 0, most = 0;
    for (let rank = 0; rank < places.length && most < asked.length; rank += 1) {
      if (kinds(rank) > most) [best, most] = [rank, kinds(rank)];
    }
    const start = Math.max(0, (places[best]?.index ?? 0) - WIDTH / 3);
    const from = start ? text.indexOf(" ", start) + 1 : 0;
    const to = from + WIDTH < text.length ? text.lastIndexOf(" ", from + WIDTH) : text.length;
    return `${from ? "… " : ""}${text.slice(from, to)}${to < text.length ? " …" : ""}`;
  };

  const address = ({page, anchor, title, text}, asked) => {
    const words = new Set([...wordsOf(title), ...wordsOf(text)].filter(isAsked(asked)));
    const root = document.documentElement.dataset.content_root ?? "";
    const found = [...words].slice(0, 20).map(encodeURIComponent).join("+");
    return `${root}${page}.html?mots=${found}${anchor && `#${anchor}`}`;
  };

  const show = ({section}, asked) => {
    const item = document.createElement("li");
    const link = item.appendChild(document.createElement("a"));
    link.href = address(section, asked);
    write(link, section.title, asked);
    if (section.title !== section.pageTitle) {
      const page = item.appendChild(document.createElement("p"));
      page.className = "search-page";
      page.textContent = section.pageTitle;
    }
    const context = item.appendChild(document.createElement("p"));
    context.className = "context";
    write(context, excerpt(section.text, asked), asked);
    return item;
  };

  const count = (number) =>
    number === 0 ? "Aucun passage du livre ne contient ces mots."
    : number === 1 ? "Un passage trouvé."
    : number > MOST ? `${number} passages trouvés, dont voici les ${MOST} premiers.`
    : `${number} passages trouvés.`;

  const answer = (query, index) => {
    const asked = parse(query);
    const results = find(read(index), asked);
    const output = document.getElementById("search-results");
    const title = output.appendChild(document.createElement("h2"));
    title.textContent = "Résultats";
    const status = output.appendChild(document.createElement("p"));
    status.setAttribute("role", "status");
    status.textContent = count(results.length);
    const list = output.appendChild(document.createElement("ul"));
    list.className = "search";
    list.append(...results.slice(0, MOST).map((result) => show(result, asked)));
  };

  return {
    setIndex(index) {
      if (document.readyState === "loading") {
        document.addEventListener("DOMContentLoaded", () => Search.setIndex(index));
        return;
      }
      const query = new URLSearchParams(location.search).get("q")?.trim();
      for (const field of document.querySelectorAll("input[name=q]")) field.value = query ?? "";
      if (query) answer(query, index);
    },
  };
})();
