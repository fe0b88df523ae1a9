// Card readers and scanners type like a keyboard, fast, and end with Enter.
// What they type while no field is meant for it goes into the field marked data-reads (or #number).
(function () {
  "use strict";
  const FAST = 45; // milliseconds between two characters; hands are slower
  const SHORTEST = 9; // an organisation code
  const LONGEST = 40;
  let typed = "";
  let last = 0;

  function field() {
    return document.querySelector("[data-reads]") || document.getElementById("number");
  }

  function writable(element) {
    return element instanceof HTMLElement && element.matches("input:not([type=radio]):not([type=checkbox]), textarea, select");
  }

  function put(number) {
    const target = field();
    if (!target) return false;
    target.value = number;
    target.dispatchEvent(new Event("input", { bubbles: true }));
    target.focus();
    return true;
  }

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const now = event.timeStamp; // when the key was struck: a page that was busy gets to it later
    if (event.key === "Enter") {
      const burst = now - last < FAST * 3 && typed.length >= SHORTEST ? typed : "";
      typed = "";
      if (!burst) return;
      const here = document.activeElement;
      if (here === field()) return; // the form's own Enter
      event.preventDefault();
      event.stopImmediatePropagation();
      // read into a wrong field: what was typed there is a number and must not stay
      if (writable(here) && "value" in here && here.value.endsWith(burst)) {
        here.value = here.value.slice(0, -burst.length);
        here.dispatchEvent(new Event("input", { bubbles: true }));
      }
      if (put(burst)) field().form.requestSubmit(field().form.querySelector("[name=act][value=ask]") || undefined);
      return;
    }
    if (event.key.length !== 1) return;
    typed = now - last < FAST ? (typed + event.key).slice(-LONGEST) : event.key;
    last = now;
  }, true);
})();
