//! Locks that the tabs of a browser share, by its Web Locks: they tell which tabs live, and which is looked at.

use futures::{
    channel::oneshot,
    future::{Either, select},
};
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

/// A lock, held until it is dropped or the page is closed.
pub struct Lock {
    /// Nothing where the browser has no locks.
    release: Option<Function>,
}

impl Lock {
    /// Takes a lock alone; nothing, if it is held. In a browser without locks it never is.
    pub async fn take(name: &str) -> Option<Self> {
        Self::request(name, &[("ifAvailable", true.into())]).await
    }

    /// Takes a lock alone, as soon as nobody holds it.
    pub async fn wait(name: &str) -> Option<Self> {
        Self::request(name, &[]).await
    }

    /// Takes a lock with others who share it, as soon as nobody holds it alone.
    pub async fn share(name: &str) -> Option<Self> {
        Self::request(name, &[("mode", "shared".into())]).await
    }

    async fn request(name: &str, options: &[(&str, JsValue)]) -> Option<Self> {
        let (tell, told) = oneshot::channel();
        let granted = Closure::once(move |lock: JsValue| {
            let mut release = None;
            // The browser holds the lock until this is resolved.
            let held = Promise::new(&mut |resolve, _| release = Some(resolve));
            if lock.is_null() {
                let _ = tell.send(None);
                return JsValue::UNDEFINED;
            }
            let _ = tell.send(Some(Self { release }));
            held.into()
        });
        let Ok(released) = ask(name, options, granted.as_ref().unchecked_ref()) else {
            return Some(Self { release: None });
        };
        match select(told, JsFuture::from(released)).await {
            Either::Left((told, _)) => told.ok().flatten(),
            // Refused: not every page may have locks.
            Either::Right(_) => Some(Self { release: None }),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(release) = &self.release {
            // Resolving a promise never throws.
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

fn ask(name: &str, options: &[(&str, JsValue)], granted: &Function) -> Result<Promise, JsValue> {
    let navigator = gloo_utils::window().navigator();
    let locks = Reflect::get(&navigator, &"locks".into())?;
    let request: Function = Reflect::get(&locks, &"request".into())?.dyn_into()?;
    let how = Object::new();
    for (option, value) in options {
        Reflect::set(&how, &(*option).into(), value)?;
    }
    request
        .call3(&locks, &name.into(), &how, granted)?
        .dyn_into()
}
