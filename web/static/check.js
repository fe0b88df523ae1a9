// Dropping a file and seeing how far it was sent. Without this script the form works the same, with a click more.
(function () {
  "use strict";
  const words = {
    large: "文件超过 20 MB，没有发送。电子证照一般不到 1 MB，请核对所选文件。 The file is larger than 20 MB and was not sent.",
    many: "一次只能核验一个文件。 One file at a time, please.",
    sending: "正在发送… Sending…",
    checking: "正在核验… Checking…",
    lost: "没有连接到服务器，请检查网络后重试。 The server was not reached; try again.",
  };

  function start(form) {
    const input = form.querySelector("#file");
    const bar = form.querySelector("#sent");
    const told = form.querySelector("#told");
    const button = form.querySelector("button");
    form.querySelector("#drop-hint").hidden = false;

    function tell(text, bad) {
      told.textContent = text;
      told.classList.toggle("bad", Boolean(bad));
    }

    function ready() {
      bar.hidden = true;
      button.disabled = false;
    }

    function show(html) {
      const page = new DOMParser().parseFromString(html, "text/html");
      document.title = page.title;
      document.body.className = page.body.className;
      document.querySelector("main").replaceWith(page.querySelector("main"));
      document.querySelectorAll("#file-form").forEach(start);
      const first = document.querySelector("#verdict") || document.querySelector("main h1");
      window.scrollTo(0, 0);
      if (first) {
        first.tabIndex = -1;
        first.focus({ preventScroll: true });
      }
    }

    function send(file) {
      if (file.size > Number(form.dataset.largest)) return tell(words.large, true);
      const body = new FormData();
      body.append("file", file, file.name);
      const request = new XMLHttpRequest();
      request.open("POST", form.action);
      request.upload.addEventListener("progress", function (event) {
        if (!event.lengthComputable) return;
        bar.value = Math.round((100 * event.loaded) / event.total);
        if (event.loaded === event.total) tell(words.checking);
      });
      request.addEventListener("load", function () {
        ready();
        show(request.responseText);
      });
      request.addEventListener("error", function () {
        ready();
        tell(words.lost, true);
      });
      button.disabled = true;
      bar.value = 0;
      bar.hidden = false;
      tell(words.sending);
      request.send(body);
    }

    form.addEventListener("submit", function (event) {
      if (!input.files.length) return;
      event.preventDefault();
      send(input.files[0]);
    });
    ["dragenter", "dragover"].forEach((name) =>
      form.addEventListener(name, function (event) {
        event.preventDefault();
        form.classList.add("over");
      }),
    );
    form.addEventListener("dragleave", (event) => form.contains(event.relatedTarget) || form.classList.remove("over"));
    form.addEventListener("drop", function (event) {
      event.preventDefault();
      form.classList.remove("over");
      const files = event.dataTransfer.files;
      if (files.length > 1) tell(words.many, true);
      else if (files.length) send(files[0]);
    });
  }

  // A file that misses the zone must not replace the page.
  ["dragover", "drop"].forEach((name) => document.addEventListener(name, (event) => event.preventDefault()));
  document.querySelectorAll("#file-form").forEach(start);
})();
