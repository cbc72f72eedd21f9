// Gives each code a button that copies it. Where copying is not allowed, the code
// is selected instead.
const told = document.querySelector("[data-told]");
for (const button of document.querySelectorAll("button[data-copy]")) {
  const code = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      told.textContent = told.dataset.told;
    } catch {
      getSelection().selectAllChildren(code);
    }
  });
}
