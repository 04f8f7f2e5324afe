const worker = navigator.serviceWorker;
const isKept = Boolean(worker?.controller);

try {
  // Imported here, so that a script that cannot be fetched is told like any other failure.
  const { default: init } = await import('./app.js');
  await init({ module_or_path: new URL('app_bg.wasm', import.meta.url) });
} catch (error) {
  // The page replaces this element as soon as it is drawn.
  const loading = document.querySelector('.loading');
  if (loading) {
    const message = error instanceof Error ? error.message : String(error);
    loading.textContent = `The page could not be loaded: ${message}. Reload to try again.`;
  }
  throw error;
}

// The page works without; it only does not open without a network then.
try {
  await worker?.register('sw.js');
  if (worker && !isKept) await keep();
} catch (error) {
  console.warn(error);
}

/** Keeps what this page was made of: the worker was not there yet to do it. */
async function keep() {
  const loaded = performance.getEntriesByType('resource').map(({ name }) => new URL(name));
  const shell = loaded.filter(({ origin, pathname }) => origin === location.origin && !pathname.startsWith('/api/'));
  const urls = new Set([location.origin + location.pathname, ...shell.map(({ href }) => href)]);
  const cache = await caches.open('shell');
  await cache.addAll([...urls].map((url) => new Request(url, { cache: 'force-cache' })));
}
