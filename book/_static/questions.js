/* Les prédictions et les questions : un formulaire, une réponse annoncée, un choix gardé dans le navigateur. */

"use strict";

(() => {
  const PREFIX = "reseaux-recurrents/questions";

  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  // -- Mémoire du navigateur : elle peut manquer, ou être refusée ---------------------------------

  const keyOf = ({id, dataset}) => `${PREFIX}/${dataset.page}/${id}`;

  /** Ce que le lecteur a répondu ; rien si la question a changé depuis. */
  const recall = (question) => {
    try {
      const {version, answer, all} = JSON.parse(localStorage.getItem(keyOf(question))) ?? {};
      return version === question.dataset.version ? {answer, all} : {};
    } catch {
      return {};
    }
  };

  const remember = (question, state) => {
    try {
      const content = JSON.stringify({version: question.dataset.version, ...state});
      if (state.answer === undefined) localStorage.removeItem(keyOf(question));
      else localStorage.setItem(keyOf(question), content);
    } catch {
      // Le choix ne vaut alors que le temps de la page.
    }
  };

  // -- Ce que les deux sortes de questions ont en commun -------------------------------------------

  /** Un bouton qui n'envoie pas le formulaire. */
  const button = (label, action) => {
    const made = make("button", {type: "button"}, label);
    made.addEventListener("click", action);
    return made;
  };

  /**
   * Remplace les choix et les réponses de la page par un formulaire.
   * `field` contient ce que l'on règle ; `read` le lit, `write` l'y remet, `show` dit ce qui est annoncé,
   * `first` reçoit le focus quand on recommence.
   */
  const install = (question, {field, read, write, show, first, missing}) => {
    const statement = question.querySelector(".question-enonce");
    const legend = make("legend", {}, ...statement.firstElementChild.childNodes);
    const told = make("div", {class: "question-retour", "aria-live": "polite"});
    let state = recall(question);

    const again = button("Recommencer", () => {
      update({});
      first.focus();
    });
    const everything = button("Voir toutes les réponses", () => {
      update({...state, all: true});
      again.focus();
    });
    const submit = make("button", {type: "submit"}, "Répondre");
    const form = make("form", {}, make("fieldset", {}, legend, ...[...statement.children].slice(1), ...field),
      make("p", {class: "question-boutons"}, submit, everything, again), told);

    const render = () => {
      const answered = state.answer !== undefined;
      told.replaceChildren(...(answered ? show(state) : []));
      again.hidden = !answered;
      everything.hidden = !answered || state.all || question.dataset.form === "nombre";
    };
    const update = (next) => {
      state = next;
      remember(question, state);
      write(state.answer);
      render();
    };

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const answer = read();
      if (answer === undefined) told.replaceChildren(make("p", {}, missing));
      else update({answer});
    });
    statement.remove();
    question.querySelector(".question-reponses").remove();
    write(state.answer);
    render();
    question.append(form);
  };

  // -- Des choix ----------------------------------------------------------------------------------

  const installChoices = (question) => {
    const {juste} = question.dataset;
    const list = question.querySelector(".question-choix");
    const replies = new Map([...question.querySelectorAll("[data-reponse]")].map((each) => [each.dataset.reponse, each]));
    const options = [...list.children].map((item) => {
      const letter = item.dataset.choix;
      const input = make("input", {type: "radio", name: question.id, value: letter});
      const mark = make("strong", {class: "question-marque"});
      const label = make("label", {}, input, make("span", {}, `${letter}. `, ...item.childNodes, " ", mark));
      return {letter, input, mark, label};
    });
    list.remove();

    const title = (letter) => make("p", {class: "question-verdict"}, make("strong", {},
      letter === juste ? `✓ Réponse ${letter}, la bonne` : `✗ Réponse ${letter}`));

    /** Marque les choix que le lecteur connaît : le sien, ou tous. */
    const setMarks = ({answer, all}) => {
      for (const {letter, mark, label} of options) {
        const known = all || letter === answer;
        label.classList.toggle("juste", known && letter === juste);
        label.classList.toggle("faux", known && letter !== juste);
        mark.textContent = known ? (letter === juste ? "✓ bonne réponse" : "✗ mauvaise réponse") : "";
      }
    };

    install(question, {
      field: options.map(({label}) => label),
      first: options[0].input,
      missing: "Choisissez d’abord une réponse.",
      read: () => options.find(({input}) => input.checked)?.letter,
      write: (answer) => {
        for (const {letter, input} of options) input.checked = letter === answer;
        setMarks({answer});
      },
      show: ({answer, all}) => {
        setMarks({answer, all});
        const shown = all ? [...replies.keys()] : [answer].filter((letter) => replies.has(letter));
        return shown.flatMap((letter) => [title(letter), replies.get(letter)]);
      },
    });
  };

  // -- Un nombre sur une échelle --------------------------------------------------------------------

  const installNumber = (question) => {
    const {min, max, pas, tolerance, valeur, unite, texte} = question.dataset;
    const explanation = question.querySelector("[data-reponse]");
    const withUnit = (value) => {
      const written = Number(value).toLocaleString("fr-FR", {maximumSignificantDigits: 6});
      return unite ? `${written}\u202f${unite}` : written;
    };
    const middle = (Number(min) + Number(max)) / 2;
    const input = make("input", {type: "range", min, max, step: pas, id: `${question.id}-valeur`});
    const output = make("output", {for: input.id});
    const label = make("label", {for: input.id}, "Votre prévision : ", output);
    const row = make("div", {class: "question-curseur"},
      make("span", {"aria-hidden": "true"}, withUnit(min)), input, make("span", {"aria-hidden": "true"}, withUnit(max)));
    const tell = () => {
      output.textContent = withUnit(input.value);
      input.setAttribute("aria-valuetext", withUnit(input.value));
    };
    input.addEventListener("input", tell);
    question.querySelector(".question-etendue").remove();

    /** La prévision et la mesure, sur la même échelle : le texte les dit aussi. */
    const scale = (answer) => {
      const marker = (kind, name, value) => {
        const share = (Number(value) - min) / (max - min);
        const sign = make("span", {class: `question-repere ${kind}`, style: `left: ${100 * share}%`});
        const side = share < 0.5 ? "left" : "right";
        const place = share < 0.5 ? share : 1 - share;
        return [sign, make("span", {class: `question-nom ${kind}`, style: `${side}: ${100 * place}%`}, name)];
      };
      return make("div", {class: "question-echelle", "aria-hidden": "true"},
        ...marker("prevu", `▼ vous : ${withUnit(answer)}`, answer), ...marker("mesure", "▲ mesure", valeur));
    };

    install(question, {
      field: [label, row],
      first: input,
      read: () => Number(input.value),
      write: (answer) => {
        input.value = answer ?? middle;
        tell();
      },
      show: ({answer}) => {
        const close = Math.abs(answer - valeur) <= Number(tolerance);
        const verdict = make("strong", {}, close ? "✓ Bien vu." : "✗ Ce n’est pas cela.");
        const sentence = ` Vous avez prévu ${withUnit(answer)} ; la mesure donne ${texte}.`;
        return [make("p", {class: "question-verdict"}, verdict, sentence), scale(answer), explanation];
      },
    });
  };

  const INSTALL = {choix: installChoices, nombre: installNumber};
  document.addEventListener("DOMContentLoaded", () => {
    for (const question of document.querySelectorAll(".exercice-rapide")) INSTALL[question.dataset.form]?.(question);
  });
})();
