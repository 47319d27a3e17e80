// Live pages: when the host says that something was recorded, the page fetches itself again and
// changes what differs. Without this script every page reads the same; it just stands still.

const PAUSE_MS = 150; // one fetch for a burst of events

const light = document.getElementById("live");
const stream = document.body.dataset.stream;
let waiting = 0;
let fetching = false;
let again = false;

function show(state, words) {
  if (!light) return;
  light.dataset.state = state;
  light.firstElementChild.textContent = words;
}

// What a reader opened stays open.
function keepOpen(from, to) {
  for (const opened of from.querySelectorAll("details[open]")) {
    const home = opened.closest("[id]");
    const twin = home && to.querySelector(`#${CSS.escape(home.id)}`);
    if (!twin) continue;
    if (twin.matches("details")) twin.open = true;
    const within = [...home.querySelectorAll("details")].indexOf(opened);
    if (within >= 0) twin.querySelectorAll("details")[within]?.setAttribute("open", "");
  }
}

function swap(next) {
  const known = new Set([...document.querySelectorAll(".entry")].map((entry) => entry.id));
  for (const old of document.querySelectorAll("[data-live]")) {
    const fresh = next.getElementById(old.id);
    if (!fresh || fresh.outerHTML === old.outerHTML || old.contains(document.activeElement?.closest("form"))) continue;
    keepOpen(old, fresh);
    for (const entry of fresh.querySelectorAll(".entry")) {
      if (known.size && !known.has(entry.id)) entry.classList.add("new");
    }
    old.replaceWith(document.adoptNode(fresh));
  }
}

async function refresh() {
  waiting = 0;
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  try {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (answer.ok) swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    show("lost", "Not live: the host does not answer");
  } finally {
    fetching = false;
    if (again) {
      again = false;
      refresh();
    }
  }
}

if (stream) {
  const events = new EventSource(stream);
  events.onopen = () => show("on", "Live");
  events.onerror = () => show("lost", "Not live: connecting again");
  events.onmessage = () => {
    waiting ||= setTimeout(refresh, PAUSE_MS);
  };
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, textarea, select")) return;
  event.preventDefault();
  document.getElementById("find")?.focus();
});
