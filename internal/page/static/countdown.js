// Counts the last five minutes of a session down, says so at five, two and one, and
// when the page begins later, to those who listen, and at the end takes everything off the page: nothing of it
// can be used any more, and nobody else is to read it. The server judges by its
// own clock.
const region = document.querySelector("[data-counts]");
const part = (name) => region.querySelector(`template[data-${name}]`);
const { owner, home } = region.dataset;
const status = region.querySelector("[role=status]");
const marks = [...region.querySelectorAll("template[data-say]")].map((t) => [Number(t.dataset.say), t.content.textContent]);
const shown = 300;
let end = Date.now() + 1000 * Number(region.dataset.counts);
let before = Infinity;
let bar = null;
let over = false;

const clock = (s) => `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;

const finish = () => {
  over = true;
  const message = part("over").content.cloneNode(true);
  const heading = message.querySelector("h1");
  document.title = heading.textContent;
  for (const rest of document.querySelectorAll(".person, .nav, .countdown, .until, .skip")) rest.remove();
  document.querySelector("main .wrap").replaceChildren(message);
  document.body.classList.add("narrow");
  history.replaceState(null, "", home);
  heading.focus();
};

const look = () => {
  if (over) return;
  const left = Math.ceil((end - Date.now()) / 1000);
  if (left <= 0) return finish();
  if (left > shown && bar) {
    bar.remove();
    bar = null;
  }
  if (left <= shown && !bar) {
    region.append(part("bar").content.cloneNode(true));
    bar = region.querySelector(".bar");
  }
  if (bar) bar.querySelector("[data-left]").textContent = clock(left);
  for (const [at, words] of marks) {
    if (before > at && left <= at && before !== Infinity) status.textContent = words;
  }
  before = left;
};

const pages = new BroadcastChannel("countdown");
pages.addEventListener("message", ({ data }) => {
  if (data.over && !over) finish();
  if (data.owner !== owner || data.end <= end) return;
  end = data.end;
  if (over) location.replace(home);
  else look();
});
pages.postMessage({ owner, end });
setInterval(look, 500);
region.querySelector(".bar")?.remove(); // the one for pages without scripts
const now = part("now"); // on a page that begins late: said once it is there to be heard
if (now) setTimeout(() => { if (!over && !status.textContent) status.textContent = now.content.textContent; }, 1000);
for (const event of ["visibilitychange", "resume"]) document.addEventListener(event, look);
// A page that comes back from the browser's memory may be of somebody who has
// signed out since: it shows nothing until the server has judged.
addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return look();
  document.body.replaceChildren();
  location.reload();
});
look();
