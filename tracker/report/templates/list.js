
// Search and filters. Without this script the page says everything as well.
(() => {
  "use strict";
  const form = document.getElementById("filters");
  if (!form) return;
  const search = document.getElementById("search");
  const shown = document.getElementById("shown");
  const back = document.getElementById("everything");
  const verdict = document.getElementById("verdict");
  const levels = [...form.querySelectorAll("[name=level]")];
  // What is read from the page is read once. A lot is what the browser passes over while it is far from the window.
  const lots = [...document.querySelector("#rows table").tBodies].map((element) => ({
    element,
    rows: [...element.rows].map((row) => ({ element: row, level: row.className, verdict: row.dataset.v, text: null })),
  }));
  const rows = lots.flatMap((lot) => lot.rows);

  function textOf(element) {
    return [...element.cells].map((cell) => cell.textContent).join(" ").toLowerCase().replace(/\s+/g, " ");
  }

  function prepare(from = 0, to = rows.length) {
    for (const row of rows.slice(from, to)) row.text ??= textOf(row.element);
  }

  // Some at a time while the browser has nothing else to do; the rest at the latest when somebody goes to the search.
  function prepareAhead(from = 0) {
    if (from >= rows.length) return;
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
    const how = verdict ? verdict.value : "";
    if (words.length) prepare();
    if (!words.length && !how && chosen.size === levels.length) return null;
    return (row) =>
      (!levels.length || chosen.has(row.level)) &&
      (!how || row.verdict === how) &&
      words.every((word) => row.text.includes(word));
  }

  function filter() {
    const test = wanted();
    let found = 0;
    for (const lot of lots) {
      let inLot = 0;
      for (const row of lot.rows) {
        const fits = !test || test(row);
        set(row.element, !fits);
        inLot += Number(fits);
      }
      set(lot.element, !inLot);
      lot.element.style.containIntrinsicBlockSize = test ? `${inLot * 1.9}rem` : "";
      found += inLot;
    }
    back.hidden = !test;
    const total = `${rows.length.toLocaleString("en")} ${rows.length === 1 ? "row" : "rows"}`;
    const text = test ? `${found.toLocaleString("en")} of ${total}` : total;
    if (shown.textContent !== text) shown.textContent = text;
  }

  function set(element, hidden) {
    if (element.hidden !== hidden) element.hidden = hidden;
  }

  let waiting = 0;
  function later() {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(filter);
  }

  // A link to a row leads to it, also when a filter hides it. The browser guesses how high the rows before it are until
  // it has come near them: so it is led there again.
  function follow() {
    const target = document.getElementById(location.hash.slice(1));
    if (!target || target.localName !== "tr") return;
    if (target.closest("[hidden]")) {
      form.reset();
      filter();
    }
    let times = 3;
    const lead = () => {
      target.scrollIntoView({ block: "center" });
      if (times--) requestAnimationFrame(lead);
    };
    lead();
  }

  search.addEventListener("focus", () => prepare());
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", later);
  form.addEventListener("reset", () => setTimeout(() => { filter(); search.focus(); }));
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

  filter();
  follow();
  prepareAhead();
})();
