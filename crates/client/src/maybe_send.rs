//! `Send` and `Sync` where there are threads. In the browser there are none, and its objects are neither.

#[cfg(not(target_family = "wasm"))]
mod bounds {
    /// `Send` natively, nothing in the browser.
    pub trait MaybeSend: Send {}
    impl<T: Send> MaybeSend for T {}

    /// `Sync` natively, nothing in the browser.
    pub trait MaybeSync: Sync {}
    impl<T: Sync> MaybeSync for T {}
}

#[cfg(target_family = "wasm")]
mod bounds {
    /// `Send` natively, nothing in the browser.
    pub trait MaybeSend {}
    impl<T> MaybeSend for T {}

    /// `Sync` natively, nothing in the browser.
    pub trait MaybeSync {}
    impl<T> MaybeSync for T {}
}

pub use bounds::{MaybeSend, MaybeSync};
