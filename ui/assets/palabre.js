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
  watchHits(box) {
    const hits = document.querySelector(".hits");
    if (box.dataset.isWatched || !hits) return;
    box.dataset.isWatched = "true";
    new MutationObserver(() => {
      box.setAttribute("aria-expanded", hits.querySelector("[data-found-for]") !== null);
      box.removeAttribute("aria-activedescendant");
      if (box.dataset.isAwaited) palabre.openHit(box);
    }).observe(hits, { childList: true, subtree: true });
  },
  walkHits(step) {
    const box = document.querySelector(".search input");
    const hits = [...document.querySelectorAll(".hit")];
    if (!hits.length) return;
    const here = hits.findIndex((hit) => hit.ariaSelected === "true");
    const next = here < 0 ? (step > 0 ? 0 : hits.length - 1) : (here + step + hits.length) % hits.length;
    hits.forEach((hit, place) => (hit.ariaSelected = place === next));
    hits[next].scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-activedescendant", hits[next].id);
  },
  openHit(box) {
    const found = document.querySelector(".hits [data-found-for]");
    if (box.value.trim() !== (found?.dataset.foundFor ?? "")) {
      box.dataset.isAwaited = "true"; // Enter came before what it asks for
      return;
    }
    delete box.dataset.isAwaited;
    (found?.querySelector('.hit[aria-selected="true"]') || found?.querySelector(".hit"))?.click();
  },
  carryToasts() {
    // What is said in the last moment of a page is said on the page it leads to; «Annuler» stays where it acts.
    const create = Quasar.Notify.create;
    let said = null;
    Quasar.Notify.create = (options) => {
      if (!options.actions?.length) said = { ...options, at: Date.now(), onDismiss: undefined };
      return create(options);
    };
    addEventListener("pagehide", () => {
      if (said && Date.now() - said.at < 1000) sessionStorage.setItem("said", JSON.stringify(said));
    });
    const carried = JSON.parse(sessionStorage.getItem("said") || "null");
    sessionStorage.removeItem("said");
    if (carried && Date.now() - carried.at < 30_000) create(carried);
  },
  keep(table, shown) {
    localStorage.setItem("columns:" + table, JSON.stringify(shown));
  },
  restore(table, event) {
    const shown = JSON.parse(localStorage.getItem("columns:" + table) || "null");
    if (Array.isArray(shown)) emitEvent(event, shown);
  },
  showLeaf() {
    document.querySelector(".leaf-chosen")?.scrollIntoView({ block: "nearest" });
    if (matchMedia("(max-width: 1023px)").matches) document.querySelector(".screen-form")?.scrollIntoView();
  },
  walkLeaves(leaf, key) {
    const leaves = [...leaf.parentElement.querySelectorAll(".leaf")];
    const here = leaves.indexOf(leaf);
    const isAbove = (other) => Number(other.ariaLevel) < Number(leaf.ariaLevel);
    const to = {
      ArrowDown: leaves[here + 1],
      ArrowUp: leaves[here - 1],
      ArrowRight: leaves[here + 1],
      ArrowLeft: leaves.slice(0, here).reverse().find(isAbove),
      Home: leaves[0],
      End: leaves[leaves.length - 1],
    }[key];
    to?.focus();
  },
  async subscription() {
    const worker = await navigator.serviceWorker?.getRegistration("/");
    return (await worker?.pushManager?.getSubscription()) ?? null;
  },
  async tellSubscription(event) {
    const isAble = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
    emitEvent(event, { is_able: isAble, endpoint: isAble ? ((await palabre.subscription())?.endpoint ?? "") : "" });
  },
  async subscribe(key) {
    try {
      // First of all, while the click still counts as the person's own.
      if ((await Notification.requestPermission()) !== "granted") return { fault: "denied" };
      await navigator.serviceWorker.register("/push-worker.js");
      const worker = await navigator.serviceWorker.ready;
      await (await worker.pushManager.getSubscription())?.unsubscribe(); // it may be of an earlier key
      const made = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
      const { endpoint, keys } = made.toJSON();
      return { endpoint, ...keys };
    } catch {
      return { fault: "failed" };
    }
  },
  async unsubscribe() {
    await (await palabre.subscription())?.unsubscribe();
    return {};
  },
};

document.addEventListener("DOMContentLoaded", () => palabre.carryToasts());

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  const here = document.activeElement;
  if (here && (here.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(here.tagName))) return;
  const search = document.querySelector(".search input");
  if (!search) return;
  event.preventDefault();
  search.focus();
});

document.addEventListener("focusin", (event) => {
  if (event.target.closest?.(".search input")) palabre.watchHits(event.target);
});

document.addEventListener("keydown", (event) => {
  if (!event.target.closest?.(".search input")) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    palabre.walkHits(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter") palabre.openHit(event.target);
  else if (event.key === "Escape") event.target.blur();
  else delete event.target.dataset.isAwaited;
});

document.addEventListener("keydown", (event) => {
  const leaf = event.target.closest?.(".leaf");
  if (!leaf) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    leaf.click();
    // What is chosen is drawn anew: the keyboard stays on it.
    const drawn = new MutationObserver(() => {
      drawn.disconnect();
      document.querySelector(".leaf-chosen")?.focus();
    });
    drawn.observe(leaf.closest(".leaves-place"), { childList: true, subtree: true });
  } else if (/^(Arrow(Up|Down|Left|Right)|Home|End)$/.test(event.key)) {
    event.preventDefault();
    palabre.walkLeaves(leaf, event.key);
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.(".copy-button");
  if (button) palabre.copy(button);
});
