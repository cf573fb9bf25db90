// What every real page does besides its work: complain, fetch ahead and give up, tell others who looked.

const TRACKER = "http://tracker.invalid";
const LIVE = "ws://tracker.invalid/live";

console.warn("Hydration: what the server sent differs from what the page drew (harmless).");

function prefetch(path) {
  const giveUp = new AbortController();
  fetch(`${path}?_rsc=${Math.random().toString(36).slice(2, 7)}`, { signal: giveUp.signal }).catch(() => {});
  setTimeout(() => giveUp.abort());
}

addEventListener("load", () => {
  for (const path of ["/", "/quotes"]) prefetch(path);
  const script = document.createElement("script");
  script.src = `${TRACKER}/script.js`;
  document.head.append(script);
  new WebSocket(LIVE);
  navigator.sendBeacon(`${TRACKER}/collect`, JSON.stringify({ page: location.pathname }));
});
