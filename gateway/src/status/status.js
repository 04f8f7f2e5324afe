// Keeps the page fresh without losing the reader's place.

const PERIOD = 5000;

async function refresh() {
  if (document.hidden) return;
  const lamp = document.querySelector('header [role="status"]');
  try {
    const response = await fetch(location.href, { cache: 'no-store', signal: AbortSignal.timeout(PERIOD) });
    if (!response.ok) throw new Error(response.statusText);
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    for (const part of ['header', 'main']) replace(part, page);
  } catch {
    lamp.className = 'lamp ill';
    lamp.textContent = 'The gateway does not answer';
  }
}

// What is unchanged stays, so that screen readers and selections are not disturbed.
function replace(part, page) {
  const now = document.querySelector(part);
  const next = page.querySelector(part);
  if (now.children.length !== next.children.length) return now.replaceWith(next);
  [...next.children].forEach((child, index) => {
    if (!now.children[index].isEqualNode(child)) now.children[index].replaceWith(child);
  });
}

setInterval(refresh, PERIOD);
document.addEventListener('visibilitychange', refresh);
