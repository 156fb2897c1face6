// What is more comfortable with script. Every page works without it.
"use strict";

// A one-time link carries its secret behind the "#", which no server sees. It moves into the form, and out of the address.
function takeLink() {
  const form = document.querySelector("[data-takes-link]");
  if (!form || location.hash.length < 2 || location.hash === "#main") return;
  form.elements.link.value = location.href;
  history.replaceState(null, "", location.pathname + location.search);
  document.getElementById("link-is-here").hidden = false;
  form.querySelector("button").focus();
}
takeLink();
addEventListener("hashchange", takeLink);

// A form that is on its way is not sent a second time.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  if (event.target.dataset.sent) event.preventDefault();
  else event.target.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
// Whoever leaves a form in which something was typed is asked first.
for (const form of document.querySelectorAll("form[data-unsaved]")) {
  let isTyped = form.dataset.unsaved === "yes";
  addEventListener("beforeunload", (event) => { if (isTyped) event.preventDefault(); });
  form.addEventListener("submit", () => { isTyped = false; });
  form.addEventListener("input", (event) => { if (!event.target.matches("[data-view]")) isTyped = true; });
}

// A form that is checked while somebody types: the page that it would bring, without leaving this one.
for (const form of document.querySelectorAll("form[data-live]")) {
  let timer, asked;
  const check = async () => {
    asked?.abort();
    asked = new AbortController();
    const typed = new URLSearchParams(new FormData(form));
    typed.set("action", "check");
    try {
      const answer = await fetch(form.getAttribute("action"), {method: "POST", body: typed, redirect: "error", signal: asked.signal});
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const there of form.querySelectorAll("[data-swap]")) {
        const fresh = page.getElementById(there.id);
        if (!fresh) continue;
        if (there.localName === "iframe") {
          if (there.srcdoc !== fresh.srcdoc) there.srcdoc = fresh.srcdoc;
        } else if (there.innerHTML !== fresh.innerHTML) {
          there.replaceChildren(...fresh.childNodes);
        }
      }
    } catch {
      // The next key, or the button, tries again.
    }
  };
  form.addEventListener("input", (event) => {
    if (event.target.matches("[data-view]")) return;
    clearTimeout(timer);
    timer = setTimeout(check, 400);
  });
}

// What is about to happen stands on the button.
for (const button of document.querySelectorAll("button[data-says-when]")) {
  const field = document.getElementById(button.dataset.saysWhen), said = button.textContent;
  const sayWhen = () => {
    const at = new Date(field.value);  // as it is typed: in the restaurant's time zone, whatever the browser's
    const when = at.toLocaleString("en-GB", {day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit"});
    button.textContent = isNaN(at) ? said : `${said} for ${when}`;
  };
  field.addEventListener("input", sayWhen);
  sayWhen();
}

// A colour can be picked as well as typed.
for (const field of document.querySelectorAll("input[data-colour]")) {
  const picker = document.createElement("input");
  const isColour = () => /^#[0-9a-f]{6}$/i.test(field.value);
  picker.type = "color";
  picker.setAttribute("aria-label", `Pick: ${field.labels[0].textContent}`);
  picker.disabled = field.matches(":disabled");
  picker.value = isColour() ? field.value : field.placeholder || "#ffffff";
  picker.addEventListener("input", () => { field.value = picker.value; });
  field.addEventListener("input", () => { if (isColour()) picker.value = field.value; });
  field.parentElement.querySelector("svg").replaceWith(picker);
}

// A picture that would be refused for its size is not sent at all: so nothing is lost that was typed.
for (const field of document.querySelectorAll("input[type=file][data-largest]")) {
  const hint = document.getElementById(`hint-${field.name}`), said = hint.textContent;
  field.addEventListener("change", () => {
    const largest = Number(field.dataset.largest);
    const isLarge = field.files[0]?.size > largest;
    hint.textContent = isLarge ? `This picture is larger than ${largest / 1024} KB. Choose a smaller one.` : said;
    hint.classList.toggle("trouble", isLarge);
    if (isLarge) field.value = "";
  });
}
