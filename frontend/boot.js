import init from './chat.js';

init();
