"use strict";
// Inside a store's admin there are no cookies, and only calls of a script carry the token that lets us in. So links and
// forms of our own pages are followed by fetch, and the page that comes back is put in the place of the one shown.
(() => {
  const { root, keep, bridge } = document.currentScript.dataset;
  // What the admin opened the first page with: a page that is loaded anew needs it to get a token.
  const opened = [...new URLSearchParams(location.search)].filter(([name]) => keep.split(" ").includes(name));
  const isOurs = (address) => address.origin === location.origin && address.pathname.startsWith(root);

  // The admin has its own navigation and its own bar to save a form with. Where its script did not load, ours stay.
  const admin = window[bridge];
  if (admin) document.documentElement.classList.add("bridged");

  const note = (sentence, kind) => {
    const made = document.createElement("p");
    made.className = `note ${kind}`;
    made.setAttribute("role", "alert");
    made.textContent = sentence;
    return made;
  };

  const tell = (sentence) => {
    const made = note(sentence, "bad");
    document.getElementById("main").prepend(made);
    made.scrollIntoView();
  };

  const show = async (address, options, remember) => {
    document.body.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(address, { ...options, headers: { "X-Requested-With": "fetch" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const shown = new URL(answer.url);
      shown.searchParams.delete("said");
      for (const [name, value] of opened) shown.searchParams.set(name, value);
      if (remember && shown.href !== location.href) history.pushState(null, "", shown);
      document.title = page.title;
      document.body.replaceWith(page.body);
      const target = shown.hash && document.getElementById(shown.hash.slice(1));
      if (target) target.scrollIntoView();
      else scrollTo(0, 0);
    } catch {
      tell("Waitline could not be reached. Nothing was changed; try again.");
    } finally {
      document.body.removeAttribute("aria-busy");
    }
  };

  // The admin asks before changes that were not saved are left behind; it does not answer where the merchant stays.
  const leave = async (address) => {
    await admin?.saveBar?.leaveConfirmation?.();
    show(address, {}, true);
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const address = new URL(link.href);
    if (!isOurs(address)) {
      event.preventDefault();
      open(address, address.origin === location.origin ? "_blank" : "_top");
    } else if (address.pathname !== location.pathname || address.search !== location.search || !address.hash) {
      event.preventDefault();
      leave(address);
    }
  });

  // One permission more, asked for by the admin itself. Once it is given the store tells us, and what is off is read anew.
  const ask = async (wanted) => {
    try {
      const { result } = await admin.scopes.request([wanted]);
      if (result === "granted-all") return note("It was allowed. Waitline uses it in a moment.", "good");
      return note("It was not allowed. Nothing has changed.", "");
    } catch {
      return note("Your store's admin could not ask. Try again later.", "bad");
    }
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-allow]");
    if (!button) return;
    const said = await ask(button.dataset.allow);
    document.getElementById("asked")?.remove();
    said.id = "asked";
    button.closest("section").append(said);
  });

  // A page that is chosen in the admin's own navigation.
  document.addEventListener(`${bridge}:navigate`, (event) => {
    const href = event.target.getAttribute?.("href");
    if (href) leave(new URL(href, location.href));
  });

  // Discarded after an error, a form goes back to what is saved, not to what was entered wrongly.
  document.addEventListener("reset", (event) => {
    const { discard } = event.target.dataset;
    if (discard) show(new URL(discard, location.href), {}, true);
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const address = new URL(event.submitter?.getAttribute("formaction") || form.getAttribute("action") || location.href, location.href);
    if (event.defaultPrevented || !isOurs(address)) return;
    event.preventDefault();
    const fields = new URLSearchParams(new FormData(form, event.submitter));
    if (form.method === "post") {
      show(address, { method: "POST", body: fields }, true);
    } else {
      address.search = fields;
      show(address, {}, true);
    }
  });

  addEventListener("popstate", () => show(location.href, {}, false));
})();
