// What the sandbox's pages do beyond plain HTML: calls appear as they come, and the
// keyboard moves between them. Everything else works without.
const $ = (selector) => document.querySelector(selector);
const stream = $("script[data-live]")?.dataset.live;
const rows = $("[data-rows]");

// most is how many rows the page holds; the server sends no more at once.
const most = 200;

if (stream) {
  const list = $("[data-list]");
  const empty = $("[data-empty]");
  const light = $(".live");
  const state = $("[data-live-state]");
  const said = $("[data-said]");
  const button = $("[data-pause]");
  let waiting = []; // HTML of rows, the oldest first
  let count = 0; // of the rows in it
  let paused = false;
  let lost = false;
  let planned = false;

  const show = (name, words) => {
    light.dataset.state = name;
    state.textContent = words;
  };
  const tell = () => {
    if (lost) show("lost", "Connection lost, trying again …");
    else if (paused) show("paused", count > 0 ? `Paused, ${count >= most ? `${most} or more` : count} new` : "Paused");
    else show("live", "Live");
  };

  // Those who listen hear how many came, every ten seconds at most.
  let unheard = 0;
  let quiet = false;
  const announce = () => {
    if (unheard === 0 || quiet) return;
    said.textContent = unheard === 1 ? "1 new call" : `${unheard} new calls`;
    unheard = 0;
    quiet = true;
    setTimeout(() => {
      quiet = false;
      announce();
    }, 10_000);
  };

  // Rows are put in once for each frame, and those left out that would not stay.
  const flush = () => {
    planned = false;
    if (paused || waiting.length === 0) return;
    const template = document.createElement("template");
    template.innerHTML = waiting.reverse().join("");
    waiting = [];
    unheard += count;
    count = 0;
    const fresh = [...template.content.children].slice(0, most);
    for (const row of fresh) {
      document.getElementById(row.id)?.remove();
      row.classList.add("fresh");
    }
    rows.prepend(...fresh);
    while (rows.children.length > most) {
      const last = rows.lastElementChild;
      if (last.contains(document.activeElement)) last.previousElementSibling.querySelector("a").focus();
      last.remove();
    }
    list.hidden = false;
    empty.hidden = true;
    announce();
  };
  const plan = () => {
    if (planned) return;
    planned = true;
    if (document.hidden) setTimeout(flush, 250); // frames stand still there
    else requestAnimationFrame(flush);
  };

  const source = new EventSource(stream);
  source.addEventListener("rows", ({ data }) => {
    waiting.push(data);
    count += data.split("<tr ").length - 1;
    while (waiting.length > 1 && count - (waiting[0].split("<tr ").length - 1) >= most) {
      count -= waiting.shift().split("<tr ").length - 1;
    }
    if (paused) tell();
    else plan();
  });
  source.addEventListener("cleared", () => {
    waiting = [];
    count = 0;
    rows.replaceChildren();
    list.hidden = true;
    empty.hidden = false;
    $("[data-older]")?.remove();
    said.textContent = "All calls are gone";
    tell();
  });
  source.addEventListener("open", () => {
    if (lost) said.textContent = "Connected again";
    lost = false;
    tell();
  });
  source.addEventListener("error", () => {
    if (!lost) said.textContent = "Connection lost, trying again";
    lost = true;
    tell();
    if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3000); // it was refused
  });

  const pause = () => {
    paused = !paused;
    button.textContent = paused ? "Resume" : "Pause";
    tell();
    if (!paused) plan();
  };
  button.hidden = false;
  button.addEventListener("click", pause);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) flush();
  });
  addEventListener("keydown", (e) => {
    if (e.key === "p" && plain(e)) pause();
  });
  show("off", "Connecting …");
}

// plain: the key is for the page, not for a field or the browser. Who speaks to the
// browser, or meets a key by accident, can turn letters off.
function plain(e) {
  if (e.key.length === 1 && localStorage.getItem("sandbox.keys") === "off") return false;
  return !e.ctrlKey && !e.metaKey && !e.altKey && !e.target.closest("input, select, textarea, [contenteditable]");
}

if (rows) {
  const links = () => [...rows.querySelectorAll(".c-what > a")];
  const move = (by) => {
    const all = links();
    const at = all.findIndex((a) => a.closest("tr").contains(document.activeElement));
    const next = all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)];
    next?.focus({ focusVisible: true });
    next?.closest("tr").scrollIntoView({ block: "nearest" });
  };
  const step = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1 };
  addEventListener("keydown", (e) => {
    const inList = rows.contains(document.activeElement);
    if (e.key === "Escape" && e.target === $("#q")) {
      e.target.blur();
      move(0);
    } else if (e.key === "/" && plain(e)) {
      e.preventDefault();
      $("#q").focus();
      $("#q").select();
    } else if (step[e.key] && plain(e) && (inList || e.key === "j" || e.key === "k")) {
      e.preventDefault();
      move(step[e.key]);
    }
  });
  const keys = $("[data-keys]");
  const turn = keys.querySelector("button");
  const tellKeys = () => {
    const off = localStorage.getItem("sandbox.keys") === "off";
    turn.textContent = off ? "Turn keys on" : "Turn keys off";
    keys.classList.toggle("off", off);
  };
  turn.addEventListener("click", () => {
    localStorage.setItem("sandbox.keys", keys.classList.contains("off") ? "on" : "off");
    tellKeys();
  });
  tellKeys();
  keys.hidden = false;

  // A choice made with the pointer filters at once. The keyboard walks through the
  // choices and presses Enter.
  for (const select of document.querySelectorAll(".filters select")) {
    let pointed = false;
    select.addEventListener("pointerdown", () => { pointed = true; });
    select.addEventListener("keydown", () => { pointed = false; });
    select.addEventListener("change", () => { if (pointed) select.form.requestSubmit(); });
  }
}

// On the page of one call the same keys lead to the calls beside it.
const beside = { j: $("[data-older][rel=next]"), k: $("[data-newer]"), Escape: $("[data-back]") };
if ($("[data-back]")) {
  addEventListener("keydown", (e) => {
    if (plain(e) && beside[e.key]) beside[e.key].click();
  });
}

// The person is chosen by pointer at once, too.
const pick = $("[data-pick] select");
if (pick) {
  let pointed = false;
  pick.addEventListener("pointerdown", () => { pointed = true; });
  pick.addEventListener("keydown", () => { pointed = false; });
  pick.addEventListener("change", () => { if (pointed) pick.form.requestSubmit(); });
}

// The sandbox's clock goes on.
const clock = $("[data-clock]");
if (clock) {
  const ahead = Number(clock.dataset.clock) - Date.now();
  setInterval(() => { clock.textContent = new Date(Date.now() + ahead).toISOString().slice(11, 19); }, 250);
}

// What a fault needs depends on what it does.
const kind = $(".fault-form select[name=kind]");
if (kind) {
  const fit = () => {
    for (const field of document.querySelectorAll(".fault-form [data-for]")) field.hidden = field.dataset.for !== kind.value;
  };
  kind.addEventListener("change", fit);
  fit();

  // Errors are those of one API: only its own are offered, and only an API can be
  // chosen for them.
  const whose = $(".fault-form select[name=dialect]");
  const code = $(".fault-form select[name=error]");
  const groups = [...code.querySelectorAll("optgroup")];
  const apiOf = (group) => group.querySelector("option").value.split("/")[0];
  const apis = groups.map(apiOf);
  let before = null; // whose calls were meant, before an error needed an API
  const offer = () => {
    const wanted = kind.value === "error";
    for (const option of whose.options) option.disabled = wanted && !apis.includes(option.value);
    if (!wanted) {
      if (before !== null) whose.value = before;
      before = null;
      return;
    }
    if (!apis.includes(whose.value)) {
      before = whose.value;
      whose.value = code.value.split("/")[0];
    }
    const chosen = code.value.split("/")[1];
    code.replaceChildren(...groups.filter((group) => apiOf(group) === whose.value));
    const same = [...code.options].find((option) => option.value.endsWith(`/${chosen}`));
    if (same) same.selected = true;
  };
  whose.addEventListener("change", () => {
    before = null;
    offer();
  });
  kind.addEventListener("change", offer);
  offer();
}
