// The page works without; it only does not open without a network then.
navigator.serviceWorker?.register('sw.js').catch((error) => console.warn(error));

try {
  // Imported here, so that a script that cannot be fetched is told like any other failure.
  const { default: init } = await import('./chat.js');
  await init({ module_or_path: new URL('chat_bg.wasm', import.meta.url) });
} catch (error) {
  // The page replaces this element as soon as it is drawn.
  const loading = document.querySelector('.loading');
  if (loading) {
    const message = error instanceof Error ? error.message : String(error);
    loading.textContent = `The page could not be loaded: ${message}. Reload to try again.`;
  }
  throw error;
}
