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
      everything.hidden = !answered || state.all || question.dataset.form !== "choix";
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

  /** Écrit un nombre en français, avec l'unité de l'échelle. */
  const writer = (unite) => (value) => {
    const written = Number(value).toLocaleString("fr-FR", {maximumSignificantDigits: 6});
    return unite ? `${written}\u202f${unite}` : written;
  };

  // -- Un nombre sur une échelle --------------------------------------------------------------------

  const installNumber = (question) => {
    const {min, max, pas, tolerance, valeur, unite, texte} = question.dataset;
    const explanation = question.querySelector("[data-reponse]");
    const withUnit = writer(unite);
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

  // -- Une courbe à dessiner ------------------------------------------------------------------------

  /** Le dessin, en unités de son cadre : la place du tracé, et de quoi écrire autour. */
  const FRAME = {width: 320, height: 196, left: 46, right: 308, top: 12, bottom: 160};

  const draw = (tag, attributes = {}, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  const installCurve = (question) => {
    const {dataset} = question;
    const [min, max, tolerance] = [dataset.min, dataset.max, dataset.tolerance].map(Number);
    const places = dataset.abscisses.split("|"), measured = dataset.valeurs.split("|").map(Number);
    const withUnit = writer(dataset.unite), bare = writer("");
    const told = [question.querySelector(".question-valeurs"), question.querySelector("[data-reponse]")];
    question.querySelector(".question-etendue").remove();

    // Un curseur par abscisse : le clavier et les lecteurs d'écran s'en servent, la souris et le doigt dessinent.
    const sliders = places.map((place, rank) => {
      const input = make("input", {type: "range", min, max, step: dataset.pas, id: `${question.id}-${rank}`});
      const output = make("output", {for: input.id});
      const label = make("label", {for: input.id}, `${dataset.axe} = ${place} : `, output);
      return {input, output, row: make("div", {class: "question-abscisse"}, label, input)};
    });

    const x = (rank) => FRAME.left + (FRAME.right - FRAME.left) * (rank + 0.5) / places.length;
    const y = (value) => FRAME.bottom - (FRAME.bottom - FRAME.top) * (value - min) / (max - min);
    const path = (values) => values.map((value, rank) => `${rank ? "L" : "M"}${x(rank)} ${y(value)}`).join("");
    const mine = draw("g", {class: "prevu"}), truth = draw("g", {class: "mesure"});
    const text = (attributes, content) => draw("text", attributes, content);
    const axes = [min, (min + max) / 2, max].flatMap((value) => [
      draw("line", {class: "question-grille", x1: FRAME.left, x2: FRAME.right, y1: y(value), y2: y(value)}),
      text({x: FRAME.left - 6, y: y(value) + 4, "text-anchor": "end"}, bare(value))]);
    const ticks = places.map((place, rank) => text({x: x(rank), y: FRAME.bottom + 18, "text-anchor": "middle"}, place));
    const middle = (FRAME.left + FRAME.right) / 2;
    const name = text({x: middle, y: FRAME.bottom + 32, "text-anchor": "middle"}, dataset.axe);
    const plot = draw("svg", {class: "question-courbe", viewBox: `0 0 ${FRAME.width} ${FRAME.height}`,
      "aria-hidden": "true"}, ...axes, ...ticks, name, truth, mine);
    const hint = make("p", {class: "question-aide"}, "Dessinez sur le graphique, ou réglez chaque point.");

    const tell = () => {
      for (const {input, output} of sliders) {
        output.textContent = withUnit(input.value);
        input.setAttribute("aria-valuetext", withUnit(input.value));
      }
      const values = sliders.map(({input}) => Number(input.value));
      mine.replaceChildren(draw("path", {d: path(values)}),
        ...values.map((value, rank) => draw("circle", {cx: x(rank), cy: y(value), r: 5})));
    };
    for (const {input} of sliders) input.addEventListener("input", tell);

    // Un trait rapide saute des abscisses : celles qu'il enjambe sont prises sur la droite qui joint deux passages.
    let last = null;
    const stroke = (event) => {
      const {left, top, width, height} = plot.getBoundingClientRect();
      const share = (FRAME.bottom - (event.clientY - top) * FRAME.height / height) / (FRAME.bottom - FRAME.top);
      const along = ((event.clientX - left) * FRAME.width / width - FRAME.left) / (FRAME.right - FRAME.left);
      const value = min + (max - min) * share;
      const rank = Math.min(places.length - 1, Math.max(0, Math.floor(along * places.length)));
      const start = last ?? {rank, value};
      const step = Math.sign(rank - start.rank);
      for (let each = start.rank; each !== rank; each += step) {
        if (each === start.rank) continue;
        sliders[each].input.value = start.value + (value - start.value) * (each - start.rank) / (rank - start.rank);
      }
      sliders[rank].input.value = value;
      last = {rank, value};
      tell();
    };
    plot.addEventListener("pointerdown", (event) => {
      plot.setPointerCapture(event.pointerId);
      last = null;
      stroke(event);
    });
    plot.addEventListener("pointermove", (event) => {
      if (plot.hasPointerCapture(event.pointerId)) stroke(event);
    });

    install(question, {
      field: [hint, plot, make("div", {class: "question-abscisses"}, ...sliders.map(({row}) => row))],
      first: sliders[0].input,
      read: () => sliders.map(({input}) => Number(input.value)),
      write: (answer) => {
        const kept = Array.isArray(answer) && answer.length === places.length ? answer : [];
        sliders.forEach(({input}, rank) => { input.value = kept[rank] ?? (min + max) / 2; });
        truth.replaceChildren();
        tell();
      },
      show: ({answer}) => {
        const gaps = measured.map((value, rank) => Math.abs(value - answer[rank]));
        const close = gaps.filter((gap) => gap <= tolerance).length, worst = gaps.indexOf(Math.max(...gaps));
        truth.replaceChildren(draw("path", {d: path(measured)}), ...measured.map((value, rank) =>
          draw("rect", {x: x(rank) - 4, y: y(value) - 4, width: 8, height: 8})));
        const verdict = make("strong", {}, close === places.length ? "✓ Bien vu." : "✗ Ce n’est pas cela.");
        const sentence = ` Points à ${withUnit(tolerance)} près : ${close} sur ${places.length}. Le plus grand écart `
          + `(${dataset.axe} = ${places[worst]}) : vous ${withUnit(answer[worst])}, mesuré ${withUnit(measured[worst])}. `
          + "Sur le graphique, la mesure est en tirets, à carrés pleins.";
        return [make("p", {class: "question-verdict"}, verdict, sentence), ...told];
      },
    });
  };

  const INSTALL = {choix: installChoices, nombre: installNumber, courbe: installCurve};
  document.addEventListener("DOMContentLoaded", () => {
    for (const question of document.querySelectorAll(".exercice-rapide")) INSTALL[question.dataset.form]?.(question);
  });
})();
