// Says that the session is over when it is, on a page that was left open: nobody
// is to find that out by sending a form. What was typed stays in the form. Pages
// of the same person tell each other when the session was used again.
const region = document.querySelector("[data-ends]");
const words = region.querySelector("template");
const owner = region.dataset.owner;
let end = Date.now() + 1000 * Number(region.dataset.ends);

const look = () => {
  const over = Date.now() >= end;
  const said = region.children.length > 1;
  if (over && !said) region.append(words.content.cloneNode(true));
  if (!over && said) region.replaceChildren(words);
};

const pages = new BroadcastChannel("session");
pages.addEventListener("message", ({ data }) => {
  if (data.owner !== owner || data.end <= end) return;
  end = data.end;
  look();
});
pages.postMessage({ owner, end });
setInterval(look, 1000);
document.addEventListener("visibilitychange", look);
// A page that comes back from the browser's memory may be of somebody who has
// signed out since: it shows nothing until the server has judged.
addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  document.body.replaceChildren();
  location.reload();
});
