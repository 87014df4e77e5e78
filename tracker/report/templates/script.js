
// Search, filters, and old and new side by side. Without this script the page says everything as well.
(() => {
  "use strict";
  const form = document.getElementById("filters");
  if (!form) return;
  const root = document.documentElement;
  const all = (query, within = document) => [...within.querySelectorAll(query)];
  const search = document.getElementById("search");
  const shown = document.getElementById("shown");
  const back = document.getElementById("everything");
  const events = document.getElementById("event");
  const letters = document.getElementById("letter");
  const levels = all("[name=level]", form);

  // An item is an entry or a row of the list of tasks; what is read from the page is read once.
  const parts = all("main > .part[id]").map((element) => ({
    element,
    link: document.querySelector(`nav a[href="#${CSS.escape(element.id)}"]`),
    numbers: all(`nav a[href="#${CSS.escape(element.id)}"] span, #${CSS.escape(element.id)} > h2 .n`),
    ranges: all(".range", element).map((range) => ({
      element: range,
      lots: all(".lot", range).map((lot) => ({
        element: lot,
        items: all(".e, .t", lot).map((item) => ({
          element: item,
          level: item.classList.contains("e") ? item.classList[1] : "act",
          events: ` ${item.dataset.e} `,
          letter: range.dataset.letter || letterOf(item.querySelector("th").textContent),
          text: null,
        })),
      })),
    })),
  }));
  const items = parts.flatMap((part) => part.ranges.flatMap((range) => range.lots.flatMap((lot) => lot.items)));
  const total = items.reduce((number, item) => number + item.element.classList.contains("e"), 0);

  function letterOf(code) {
    return code.length > 2 ? code[0] : "modifiers";
  }

  // What is searched: all that the item says, and each changed text as it was and as it is now.
  function textOf(element) {
    let text = element.textContent;
    for (const both of element.getElementsByClassName("d")) {
      for (const gone of ["ins", "del"]) {
        const one = both.cloneNode(true);
        for (const other of all(gone, one)) other.remove();
        text += `\n${one.textContent}`;
      }
    }
    return text.toLowerCase().replace(/\s+/g, " ");
  }

  function prepare(from = 0, to = items.length) {
    for (const item of items.slice(from, to)) item.text ??= textOf(item.element);
  }

  // Some at a time while the browser has nothing else to do; the rest at the latest when somebody goes to the search.
  function prepareAhead(from = 0) {
    if (from >= items.length) return;
    const step = () => {
      prepare(from, from + 500);
      prepareAhead(from + 500);
    };
    if (window.requestIdleCallback) requestIdleCallback(step, { timeout: 300 });
    else setTimeout(step);
  }

  function wanted() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = new Set(levels.filter((box) => box.checked).map((box) => box.value));
    const event = events.value && ` ${events.value} `;
    const letter = letters.value;
    if (words.length) prepare();
    const some = words.length || event || letter || chosen.size < levels.length;
    const test = (item) =>
      chosen.has(item.level) &&
      (!letter || item.letter === letter) &&
      (!event || item.events.includes(event)) &&
      words.every((word) => item.text.includes(word));
    return some ? test : null;
  }

  function set(element, hidden) {
    if (element.hidden !== hidden) element.hidden = hidden;
  }

  function filter() {
    const test = wanted();
    let found = 0;
    for (const part of parts) {
      const inPart = sum(part.ranges, (range) => {
        const inRange = sum(range.lots, (lot) => show(lot, test));
        set(range.element, !inRange);
        return inRange;
      });
      set(part.element, !inPart && Boolean(part.ranges.length || test));
      for (const number of part.numbers) number.textContent = inPart.toLocaleString("en");
      part.link?.classList.toggle("none", !inPart);
      if (part.element.id !== "act") found += inPart;
    }
    for (const element of all(".front, .back")) set(element, Boolean(test));
    root.classList.toggle("filtered", Boolean(test));
    set(back, !test);
    tell(test ? `${found.toLocaleString("en")} of ${entries(total)}` : entries(total));
  }

  // Show what fits of a lot, and tell the browser how high the lot may be while it is far from the window.
  function show(lot, test) {
    const shown = sum(lot.items, (item) => {
      const fits = !test || test(item);
      set(item.element, !fits);
      return Number(fits);
    });
    set(lot.element, !shown);
    lot.element.style.containIntrinsicBlockSize = test ? `${shown * 5.2}rem` : "";
    return shown;
  }

  function sum(list, number) {
    let all = 0;
    for (const one of list) all += number(one);
    return all;
  }

  function entries(number) {
    return `${number.toLocaleString("en")} ${number === 1 ? "entry" : "entries"}`;
  }

  function tell(text) {
    if (shown.textContent !== text) shown.textContent = text;
  }

  let waiting = 0;
  function later() {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(filter);
  }

  function everything() {
    form.reset();
    lay();
    filter();
  }

  // Old and new side by side: each text twice, made when its lot comes near the window.
  const near = new IntersectionObserver(
    (seen) => {
      for (const { target, isIntersecting } of seen) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        for (const both of all(".d:not(.twin)", target)) split(both);
      }
    },
    { rootMargin: "100% 0px" },
  );

  function split(both) {
    const pair = document.createElement("div");
    pair.className = "pair made";
    for (const [name, gone] of [["old", "ins"], ["new", "del"]]) {
      const one = both.cloneNode(true);
      one.className = "";
      for (const other of all(gone, one)) other.remove();
      const label = document.createElement("b");
      label.textContent = name;
      one.prepend(label, " ");
      pair.append(one);
    }
    both.classList.add("twin");
    both.after(pair);
  }

  function lay() {
    const side = form.elements.layout.value === "side";
    root.classList.toggle("side-by-side", side);
    near.disconnect();
    if (side) for (const lot of all(".lot")) near.observe(lot);
  }

  function decoded(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  }

  // A link to a code leads to it, also when a filter hides it.
  function follow() {
    const name = decoded(location.hash.slice(1));
    const target = name && document.getElementById(name);
    if (target && target.closest("[hidden]")) {
      everything();
      target.scrollIntoView();
    } else if (name && !target) {
      tell(`${name} is not among the changes listed here`);
    }
  }

  search.addEventListener("focus", () => prepare());
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => (event.target.name === "layout" ? lay() : later()));
  form.addEventListener("reset", () => setTimeout(() => { lay(); filter(); search.focus(); }));
  addEventListener("hashchange", follow);
  addEventListener("keydown", (event) => {
    const typing = event.target.matches("input[type=search], select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "Escape" && event.target === search) {
      search.value = "";
      later();
    }
  });

  // Where the reader is, in the list of sections.
  const links = new Map(all("nav a").map((link) => [link.hash.slice(1), link]));
  const spy = new IntersectionObserver(
    (seen) => {
      for (const { target, isIntersecting } of seen) {
        const link = links.get(target.id);
        if (isIntersecting) link?.setAttribute("aria-current", "true");
        else link?.removeAttribute("aria-current");
      }
    },
    { rootMargin: "-20% 0px -79% 0px" },
  );
  for (const section of all("main > section[id]")) spy.observe(section);

  if (matchMedia("(max-width: 62rem)").matches) {
    for (const folded of all(".side details")) folded.open = false;
  }
  filter();
  follow();
  prepareAhead();
})();
