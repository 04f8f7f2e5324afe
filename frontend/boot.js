import init from './chat.js';

init({ module_or_path: new URL('chat_bg.wasm', import.meta.url) });
