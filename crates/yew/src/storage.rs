//! What the browser keeps for this site. It may refuse to: then nothing is found, and nothing kept.

/// Texts by their names, for all tabs or for this one.
pub struct Storage(Option<web_sys::Storage>);

impl Storage {
    /// For all tabs, until somebody deletes it.
    pub fn local() -> Self {
        Self(gloo_utils::window().local_storage().ok().flatten())
    }

    /// For this tab, until it is closed.
    pub fn of_this_tab() -> Self {
        Self(gloo_utils::window().session_storage().ok().flatten())
    }

    /// What is kept under a name.
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.as_ref()?.get_item(name).ok()?
    }

    /// Keeps something under a name, in the place of what was there. Gives back whether the browser does.
    pub fn set(&self, name: &str, text: &str) -> bool {
        let storage = self.0.as_ref();
        storage.is_some_and(|storage| storage.set_item(name, text).is_ok())
    }

    /// Forgets what is kept under a name.
    pub fn delete(&self, name: &str) {
        if let Some(storage) = &self.0 {
            // Deleting what is not there is no error, and there is no other.
            let _ = storage.remove_item(name);
        }
    }

    /// The names of all that is kept.
    pub fn names(&self) -> Vec<String> {
        let Some(storage) = &self.0 else {
            return Vec::new();
        };
        let count = storage.length().unwrap_or_default();
        let name = |index| storage.key(index).ok().flatten();
        (0..count).filter_map(name).collect()
    }
}
