// Lets the page open without a network: what the network last gave is kept, and given when there is none.
const CACHE = 'shell';

self.addEventListener('install', (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const isShell = request.method === 'GET' && url.origin === self.location.origin && !url.pathname.startsWith('/api/');
  if (isShell) event.respondWith(fetchOrRecall(request));
});

async function fetchOrRecall(request) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}
