// Sends the page's own form at once, as its button does for those without
// scripts. A page that is only being prepared waits until it is looked at.
const form = document.querySelector("form[data-submit]");
const submit = () => form.requestSubmit();
if (document.prerendering) {
  document.addEventListener("prerenderingchange", submit, { once: true });
} else {
  submit();
}
