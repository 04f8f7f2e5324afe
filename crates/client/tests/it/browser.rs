//! What a test says is not seen in a browser, so what matters goes to the console. Whoever loads the tests calls `main`.

use std::panic;

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console)]
    fn info(text: &str);
    #[wasm_bindgen(js_namespace = console)]
    fn error(text: &str);
}

/// Before the first test.
#[wasm_bindgen(start)]
fn tell_panics() {
    panic::set_hook(Box::new(|panic| error(&panic.to_string())));
}

#[test]
fn tests_run() {
    info("tests run");
}
