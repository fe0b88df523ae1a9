// A terminal's screen forgets: after a minute without a touch, on the way back, and when a page is left.
(function () {
  "use strict";
  const START = "/terminal";
  const ASK_BEFORE = 15; // seconds before the end at which the person is asked
  const body = document.body;
  const idle = Number(body.dataset.idle || 60);
  const countdown = document.getElementById("countdown");
  const still = document.getElementById("still");
  const atStart = location.pathname === START;
  let end = Date.now() + idle * 1000;

  function blank() {
    document.querySelectorAll("input[type=text]").forEach((input) => (input.value = ""));
    document.getElementById("main").replaceChildren();
  }

  function wipe() {
    blank();
    // replace: the answer's own entry in the history becomes the beginning
    location.replace(START);
  }

  function touched() {
    end = Date.now() + idle * 1000;
    if (still && still.open) still.close();
    tick();
  }

  function tick() {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    if (countdown) {
      countdown.hidden = atStart && !dirty();
      countdown.firstElementChild.textContent = String(left);
    }
    if (left === 0) {
      if (atStart && !dirty()) touched();
      else wipe();
    } else if (still && left <= ASK_BEFORE) {
      document.getElementById("still-left").textContent = String(left);
      if (!still.open) still.showModal();
    }
  }

  function dirty() {
    const search = document.getElementById("t-search");
    return Boolean(search && search.value);
  }

  ["pointerdown", "keydown", "input"].forEach((name) => document.addEventListener(name, touched, true));
  if (still) document.getElementById("stay").addEventListener("click", touched);
  window.addEventListener("pagehide", () => atStart || blank());
  window.addEventListener("pageshow", (event) => event.persisted && location.replace(START));
  const verdict = document.getElementById("verdict");
  if (verdict) verdict.focus();
  setInterval(tick, 250);
  tick();
})();
