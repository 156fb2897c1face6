// Comfort only: every page does its whole job without this file.
"use strict";

// A private page that the browser has kept whole must not come back after signing out: ask for it again.
addEventListener("pageshow", (event) => {
  if (event.persisted && "private" in document.body.dataset) location.reload();
});

// A form is sent once. The button says so, and works again if the guest comes back or nothing comes of it.
for (const form of document.forms) {
  const button = form.querySelector("button[type=submit]");
  const words = button.textContent;
  let sent = false;
  const reset = () => {
    sent = false;
    button.removeAttribute("aria-disabled");
    button.textContent = words;
  };
  form.addEventListener("submit", (event) => {
    if (sent) return event.preventDefault();
    sent = true;
    button.setAttribute("aria-disabled", "true");
    button.textContent = form.dataset.pressed ?? words;
    setTimeout(reset, 20000);
  });
  addEventListener("pageshow", (event) => event.persisted && reset());
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
  password.form.addEventListener("submit", () => set(false));

  const hint = document.getElementById("caps-lock");
  const look = (event) => {
    const on = event.getModifierState?.("CapsLock") ?? false;
    hint.textContent = on && document.activeElement === password ? hint.dataset.text : "";
  };
  for (const event of ["keydown", "keyup", "blur", "click"]) password.addEventListener(event, look);
}
