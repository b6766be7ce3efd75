/* Ce qu'une page du livre fait d'elle-même : replis, impression, mots cherchés, copie annoncée. */

"use strict";

(() => {
  const {dataset} = document.documentElement;

  // -- Replis -----------------------------------------------------------------------------------

  const FOLDS = ".bd-article details, .bd-article .toggle";
  const isFolded = (fold) => (fold.matches("details") ? !fold.open : fold.classList.contains("toggle-hidden"));

  const setFolded = (fold, folded) => {
    if (isFolded(fold) === folded) return;
    if (fold.matches("details")) fold.open = !folded;
    else fold.querySelector(".toggle-button").click();
  };

  /** Déplie tout ce qui cache un élément. */
  const reveal = (element) => {
    for (let fold = element.closest("details, .toggle"); fold; fold = fold.parentElement.closest("details, .toggle")) {
      setFolded(fold, false);
    }
  };

  window.toggleFolds = (button) => {
    const unfolded = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", unfolded);
    for (const fold of document.querySelectorAll(FOLDS)) setFolded(fold, !unfolded);
  };

  /** Montre l'élément que nomme l'adresse, déplié, une fois les formules composées. */
  const goToTarget = async () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target?.closest("details, .toggle")) return;
    reveal(target);
    await window.MathJax?.startup?.promise;
    target.scrollIntoView();
  };

  // -- Impression -------------------------------------------------------------------------------

  // Le papier est blanc : la page s'imprime dans le thème clair, et retrouve le sien ensuite.
  let theme = null;
  const setPrinting = (printing) => {
    if (printing && theme === null) {
      theme = dataset.theme;
      dataset.theme = "light";
    } else if (!printing && theme !== null) {
      dataset.theme = theme;
      theme = null;
    }
  };
  window.addEventListener("beforeprint", () => setPrinting(true));
  window.addEventListener("afterprint", () => setPrinting(false));
  matchMedia("print").addEventListener("change", ({matches}) => setPrinting(matches));

  // -- Mots cherchés ----------------------------------------------------------------------------

  const SPELLED = /[\p{Letter}\p{Number}_]+(?:,\p{Number}+)?/gu;
  const fold = (word) => word.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "");

  /** Passages d'un élément où est écrit l'un des mots. */
  const occurrences = (root, words) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const ranges = [];
    while (walker.nextNode()) {
      const text = walker.currentNode;
      if (text.parentElement.closest("script, style, .headerlink, mjx-container, .toggle-button")) continue;
      for (const {0: word, index} of text.data.matchAll(SPELLED)) {
        if (!words.has(fold(word))) continue;
        const range = new Range();
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        ranges.push(range);
      }
    }
    return ranges;
  };

  /** Arrivé d'une recherche (« ?mots=… »), le lecteur voit la première occurrence, surlignée. */
  const showSearched = async () => {
    const words = new Set((new URLSearchParams(location.search).get("mots") ?? "").split(" ").filter((word) => word));
    if (!words.size) return;
    const article = document.querySelector(".bd-article");
    const section = document.getElementById(decodeURIComponent(location.hash.slice(1))) ?? article;
    await window.MathJax?.startup?.promise;
    if (window.Highlight) CSS.highlights.set("recherche", new Highlight(...occurrences(article, words)));
    const [first] = occurrences(section.matches("dt") ? section.parentElement : section, words);
    if (!first) return;
    const element = first.startContainer.parentElement;
    reveal(element);
    element.scrollIntoView({block: "center"});
  };

  // -- Copie ------------------------------------------------------------------------------------

  /** Le bouton « Copier » dit aux lecteurs d'écran ce qu'il a fait. */
  const announceCopies = () => {
    const status = document.createElement("div");
    status.className = "visually-hidden";
    status.setAttribute("role", "status");
    document.getElementById("main-content").append(status);
    new MutationObserver(([{target}]) => {
      status.textContent = target.matches(".copybtn.success") ? target.dataset.tooltip : "";
    }).observe(document.body, {subtree: true, attributeFilter: ["data-tooltip"]});
  };

  // MathJax règle ``startup`` après cette page : tout attend que ses scripts soient lus.
  window.addEventListener("load", () => {
    announceCopies();
    goToTarget();
    showSearched();
  });
  window.addEventListener("hashchange", goToTarget);
  // Un lien déjà suivi, dont la cible a été repliée depuis, ne change pas l'adresse.
  document.addEventListener("click", ({target}) => {
    if (target.closest?.("a[href]")?.hash === location.hash && location.hash) setTimeout(goToTarget);
  });
})();
