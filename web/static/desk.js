// The desk's keyboard: F2 item, F4 number, F8 next applicant, F9 print; arrows walk through the items found.
// Every key has a button or link of its own, so nothing here is needed to work.
(function () {
  "use strict";
  const one = (selector) => document.querySelector(selector);
  let chosenAhead = false; // Enter came before the list for what was typed

  function chooseItem() {
    const search = one("#search");
    if (search) {
      search.focus();
      search.select();
    } else if (one("#change")) one("#change").click();
  }

  function next() {
    const link = one("[data-act=next]");
    if (link) location.assign(link.href);
    else if (one("#number")) {
      one("#number").value = "";
      one("#number").focus();
    }
  }

  const keys = {
    F2: chooseItem,
    F4: () => one("#number") && one("#number").focus(),
    F8: next,
    F9: () => one("#verdict") && window.print(),
  };

  function choices() {
    return Array.from(document.querySelectorAll("#found button[name=pick]"));
  }

  function walk(event) {
    const list = choices();
    const here = document.activeElement;
    const place = list.indexOf(here);
    if (here === one("#search")) {
      if (event.key === "ArrowDown" && list.length) list[0].focus();
      else if (event.key === "Enter" && here.value.trim()) chooseFirst(list);
      else return false;
      return true;
    }
    if (place < 0) return false;
    if (event.key === "ArrowDown") (list[place + 1] || list[place]).focus();
    else if (event.key === "ArrowUp") (list[place - 1] || one("#search")).focus();
    else return false;
    return true;
  }

  function chooseFirst(list) {
    chosenAhead = one("#found").dataset.for !== one("#search").value.trim();
    if (!chosenAhead && list.length) list[0].click();
  }

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const act = keys[event.key];
    if (act) {
      event.preventDefault();
      act();
    } else if (walk(event)) event.preventDefault();
  });

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-act=print]")) window.print();
  });

  // A case that exists is meant as soon as its number is typed.
  document.addEventListener("input", function (event) {
    if (event.target.id === "case_no" && event.target.value) one("[name=case][value=existing]").checked = true;
  });

  // One wrong field is gone to at once; of several the list is read first.
  function wrongField() {
    const wrong = document.querySelectorAll("#ask [aria-invalid]");
    return wrong.length === 1 ? wrong[0] : one("#errors");
  }

  function ready() {
    document.querySelectorAll("[data-act=print]").forEach((button) => (button.hidden = false));
    const desk = one("#desk");
    const wanted = desk && desk.dataset.focus;
    const target = wanted === "errors" ? wrongField() : wanted && one("#" + wanted);
    if (target) {
      target.focus({ preventScroll: wanted === "verdict" });
      if (target.select) target.select(); // what is read next replaces what was wrong
    }
    if (desk) delete desk.dataset.focus;
  }

  document.addEventListener("htmx:afterSettle", function (event) {
    if (chosenAhead && one("#found")) chooseFirst(choices());
    if (event.target.id === "desk" || event.detail.target.id === "desk") ready();
  });
  ["htmx:sendError", "htmx:timeout"].forEach((name) =>
    document.addEventListener(name, () => (one("#offline").hidden = false))
  );
  document.addEventListener("htmx:beforeRequest", () => (one("#offline").hidden = true));
  // A page taken out of the browser's memory may show an applicant who has left.
  window.addEventListener("pageshow", (event) => event.persisted && location.replace("/desk"));
  ready();
})();
