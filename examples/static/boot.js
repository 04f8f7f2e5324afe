try {
  // Imported here, so that a script that cannot be fetched is told like any other failure.
  const { default: init } = await import('./app.js');
  await init({ module_or_path: new URL('app_bg.wasm', import.meta.url) });
} catch (error) {
  // The page replaces this element as soon as it is drawn.
  const loading = document.querySelector('.loading');
  if (loading) loading.textContent = `The page could not be loaded: ${error.message}. Reload to try again.`;
  throw error;
}
