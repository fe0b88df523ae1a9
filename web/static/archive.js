// 档案查询 by keyboard: F2 search, F4 take a request in; arrows walk through what was found.
// Every key has a field or link of its own, so nothing here is needed to work.
(function () {
  "use strict";
  const one = (selector) => document.querySelector(selector);
  const links = () => Array.from(document.querySelectorAll("#found a"));

  const keys = {
    F2: function () {
      const query = one("#query");
      if (query) {
        query.focus();
        query.select();
      }
    },
    F4: () => one("[data-key=F4]") && one("[data-key=F4]").click(),
  };

  function walk(event) {
    const list = links();
    const place = list.indexOf(document.activeElement);
    const inQuery = document.activeElement === one("#query");
    if (event.key === "ArrowDown" && (inQuery || place >= 0)) (list[place + 1] || list[place] || document.activeElement).focus();
    else if (event.key === "ArrowUp" && place >= 0) (list[place - 1] || one("#query")).focus();
    else return false;
    return true;
  }

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const act = keys[event.key];
    if (act) act();
    if (act || walk(event)) event.preventDefault();
  });
})();
