// What the console does in the browser alone. No text of a person's ever comes through here.
window.palabre = {
  scheme(choice) {
    if (choice === "system") delete document.documentElement.dataset.scheme;
    else document.documentElement.dataset.scheme = choice;
    Quasar.Dark.set(choice === "system" ? "auto" : choice === "dark");
  },
  copy(button) {
    const text = button.closest("[data-copy]").dataset.copy;
    const done = () => {
      button.classList.add("copied");
      setTimeout(() => button.classList.remove("copied"), 1500);
    };
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(done);
    else {
      const area = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
      done();
    }
  },
  keep(table, shown) {
    localStorage.setItem("columns:" + table, JSON.stringify(shown));
  },
  restore(table, event) {
    const shown = JSON.parse(localStorage.getItem("columns:" + table) || "null");
    if (Array.isArray(shown)) emitEvent(event, shown);
  },
};

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  const here = document.activeElement;
  if (here && (here.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(here.tagName))) return;
  const search = document.querySelector(".search input");
  if (!search) return;
  event.preventDefault();
  search.focus();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.(".copy-button");
  if (button) palabre.copy(button);
});
