/* Réglages de MathJax, lu juste avant lui.

   Les formules ne doivent jamais disparaître : le menu garde ses réglages sous une clé propre au livre
   (ceux d'un autre site du même domaine n'y entrent pas), et un réglage qui empêche de composer la page
   est oublié, puis la page rechargée. */

"use strict";

(() => {
  const STORAGE = "reseaux-recurrents:formules:3.2.2";

  // Le menu de MathJax n'existe qu'en anglais.
  const FRENCH = {
    "Show Math As": "Montrer la formule en",
    "Copy to Clipboard": "Copier la formule en",
    "MathML Code": "Code MathML",
    "Original Form": "Code TeX",
    "TeX Commands": "Code TeX",
    "Annotation": "Annotation",
    "Math Settings": "Réglages",
    "Math Renderer": "Moteur d’affichage",
    "CHTML": "HTML",
    "Zoom Trigger": "Agrandir d’un geste",
    "Zoom Once Now": "Agrandir maintenant",
    "Click": "Clic",
    "Double-Click": "Double clic",
    "No Zoom": "Jamais",
    "Trigger Requires:": "Avec la touche :",
    "Alt": "Alt",
    "Command": "Commande",
    "Option": "Option",
    "Control": "Contrôle",
    "Shift": "Majuscule",
    "Zoom Factor": "Agrandissement",
    "Scale All Math...": "Taille de toutes les formules…",
    "Add TeX hints to MathML": "Indications TeX dans le MathML",
    "Add original as annotation": "TeX en annotation du MathML",
    "Reset to defaults": "Revenir aux réglages du livre",
    "Accessibility": "Accessibilité",
    "Activate": "Explorer les formules",
    "Speech": "Parole",
    "Speech Output": "Dire la formule",
    "Speech Subtitles": "Écrire ce qui est dit",
    "Braille Output": "Braille",
    "Braille Subtitles": "Montrer le braille",
    "Mathspeak Rules": "Règles Mathspeak",
    "Clearspeak Rules": "Règles Clearspeak",
    "ChromeVox Rules": "Règles ChromeVox",
    "Verbose": "Détaillé",
    "Brief": "Bref",
    "Superbrief": "Très bref",
    "Auto": "Automatique",
    "Standard": "Ordinaire",
    "Alternative": "Autre",
    "Highlight": "Surlignage",
    "Background": "Fond",
    "Foreground": "Encre",
    "Blue": "Bleu",
    "Red": "Rouge",
    "Green": "Vert",
    "Yellow": "Jaune",
    "Cyan": "Cyan",
    "Magenta": "Magenta",
    "White": "Blanc",
    "Black": "Noir",
    "None": "Aucun",
    "Hover": "Au survol",
    "Flame": "Par niveaux",
    "Tree Coloring": "Par couleurs",
    "Magnification": "Loupe",
    "Keyboard": "Au clavier",
    "Mouse": "À la souris",
    "Semantic Info": "Nature des signes",
    "Type": "Type",
    "Role": "Rôle",
    "Prefix": "Préfixe",
    "Collapsible Math": "Formules repliables",
    "Auto Collapse": "Repli automatique",
    "Include in Tab Order": "Atteindre les formules par Tab",
    "Include Hidden MathML": "MathML pour les lecteurs d’écran",
    "Language": "Langue",
    "About MathJax": "À propos de MathJax",
    "MathJax Help": "Aide de MathJax (en anglais)",
  };

  const translate = (menu) => {
    for (const item of menu.items) {
      if (item.content in FRENCH) item.content = FRENCH[item.content];
      if (item.submenu) translate(item.submenu);
    }
  };

  // Depuis le disque, un navigateur ne laisse pas lire les règles de parole : ce qui en dépend n'y est pas offert.
  const UNREADABLE = location.protocol === "file:" ? {explorer: "Activate", collapsible: "Collapsible"} : {};

  /** Réglages du lecteur, ôtés de ceux qui ne peuvent servir ici. */
  const recall = () => {
    try {
      const settings = JSON.parse(localStorage.getItem(STORAGE)) ?? {};
      for (const name in UNREADABLE) delete settings[name];
      if (Object.keys(UNREADABLE).length) localStorage.setItem(STORAGE, JSON.stringify(settings));
      return settings;
    } catch {
      return {};
    }
  };

  /** Oublie les réglages du lecteur ; dit s'il y en avait. */
  const forget = () => {
    try {
      const known = localStorage.getItem(STORAGE) !== null;
      localStorage.removeItem(STORAGE);
      return known;
    } catch {
      return false;
    }
  };

  /** Si les réglages du lecteur empêchent de composer la page, elle est composée sans eux. */
  const rescue = (error) => {
    if (!forget()) throw error;
    location.reload();
  };

  // Un fichier que le menu demande et qui ne vient pas laisserait la page sans formules.
  window.addEventListener("error", ({target, filename = "", error}) => {
    if ((target.src ?? filename).includes("/mathjax/")) rescue(error);
  }, true);

  const startup = {
    ready() {
      const {Menu} = MathJax._.ui.menu.Menu;
      Menu.MENU_STORAGE = STORAGE;
      try {
        MathJax.startup.defaultReady();
        const {menu} = MathJax.startup.document.menu;
        translate(menu);
        for (const item of Object.values(UNREADABLE)) menu.findID("Accessibility", item)?.disable();
      } catch (error) {
        rescue(error);
      }
    },
    pageReady: () => MathJax.startup.defaultPageReady().then(() => {
      // Un choix qui demande un fichier de plus vaut pour la page rechargée : appliqué à celle-ci, il en ôterait
      // les formules le temps de le lire, et parfois pour de bon.
      MathJax.startup.document.menu.loadComponent = () => setTimeout(() => location.reload());
      reachScrolled();
    }).catch(rescue),
  };

  // Une formule n'arrête la tabulation que si le lecteur explore les formules, ou le demande dans le menu,
  // ou si elle est plus large que la page : le clavier la fait alors défiler.
  const {explorer = false} = recall();
  const reachScrolled = () => {
    if (explorer) return;
    const observer = new ResizeObserver((entries) => {
      for (const {target} of entries) {
        if (target.scrollWidth > target.clientWidth + 1) target.tabIndex = 0;
        else target.removeAttribute("tabindex");
      }
    });
    for (const formula of document.querySelectorAll('.bd-article mjx-container[display="true"]')) {
      observer.observe(formula);
    }
  };
  const options = {
    menuOptions: {settings: {inTabOrder: explorer}},
    sre: {locale: "fr"},
  };

  /** Ouvre sous un bouton le menu que donne un clic droit sur une formule. */
  window.openFormulasMenu = (button) => {
    const {left, bottom} = button.getBoundingClientRect();
    const place = {bubbles: true, clientX: left, clientY: bottom};
    document.querySelector("mjx-container")?.dispatchEvent(new MouseEvent("contextmenu", place));
  };

  const book = window.MathJax ?? {};
  window.MathJax = {...book, startup, options: {...book.options, ...options}};
})();
