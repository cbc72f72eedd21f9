// Gives each code a button that copies it, and says for a moment that it did. Where
// copying is not allowed, the code is selected instead.
const told = document.querySelector("[data-told]");
const moment = 2000; // milliseconds
for (const button of document.querySelectorAll("button[data-copy]")) {
  const code = document.getElementById(button.dataset.copy);
  const label = button.textContent;
  let back;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      return;
    }
    told.textContent = button.textContent = told.dataset.told;
    clearTimeout(back);
    back = setTimeout(() => {
      button.textContent = label;
      told.textContent = "";
    }, moment);
  });
}
