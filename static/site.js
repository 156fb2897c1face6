// Comfort only: every page does its whole job without this file.
"use strict";

// A private page that the browser has kept whole must not come back after signing out: ask for it again.
addEventListener("pageshow", (event) => {
  if (event.persisted && "private" in document.body.dataset) location.reload();
});

// A form is sent once. Its button says so, after four seconds that it takes longer, and a screen reader hears both. It works
// again when the guest comes back or stops the browser: not while that waits, since a second press would undo the first.
for (const form of document.forms) {
  const button = form.querySelector("button[type=submit]");
  const words = button?.textContent;
  const progress = form.querySelector(".progress");
  const say = (text, isSeen) => {
    progress?.classList.toggle("unseen", !isSeen);
    progress?.replaceChildren(text ?? "");
  };
  let sent = false;
  let timers = [];
  const reset = () => {
    if (!sent) return;
    sent = false;
    timers.forEach(clearTimeout);
    say("", true);
    button?.removeAttribute("aria-disabled");
    button?.replaceChildren(words);
  };
  form.addEventListener("submit", (event) => {
    if (sent) return event.preventDefault();
    sent = true;
    timers = window.navigation ? [] : [setTimeout(reset, 60000)]; // the browser does not tell that it was stopped
    if (event.submitter?.hasAttribute("formaction")) return;
    button?.setAttribute("aria-disabled", "true");
    button?.replaceChildren(form.dataset.pressed ?? words);
    say(form.dataset.pressed, false); // the button shows it
    timers.push(setTimeout(() => say(form.dataset.slow, true), 4000));
  });
  addEventListener("pageshow", reset);
  window.navigation?.addEventListener("navigateerror", reset);
}

// Not every browser minds "autofocus" on what is no field.
document.querySelector(".errors")?.focus();

const password = document.getElementById("password");
if (password) {
  const reveal = document.querySelector(".reveal");
  const show = reveal.textContent;
  const set = (shown) => {
    password.type = shown ? "text" : "password";
    reveal.textContent = shown ? reveal.dataset.hide : show;
  };
  reveal.hidden = false;
  reveal.addEventListener("click", () => {
    set(password.type === "password");
    password.focus();
  });
  // Sent as a password, so that no browser keeps it among the words that it offers.
  password.form.addEventListener("submit", (event) => {
    set(false);
    if (event.submitter?.hasAttribute("formaction")) password.value = ""; // which needs none, and keeps none
  });

  const hint = document.getElementById("caps-lock");
  const look = (event) => {
    const on = event.getModifierState?.("CapsLock") ?? false;
    hint.textContent = on && document.activeElement === password ? hint.dataset.text : "";
  };
  for (const event of ["keydown", "keyup", "blur", "click"]) password.addEventListener(event, look);
}
