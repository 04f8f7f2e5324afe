//! Somebody on the page, for as long as they stay.

use std::rc::Rc;

use candid::Principal;
use ic_ws_client::Signer;
use yew::html::ImplicitClone;

use crate::{Env, Identity};

/// Who is on the page, and on which network the page is. Equal to another one only if it is the same.
#[derive(Clone)]
pub struct Visitor(Rc<(Env, Identity)>);

impl Visitor {
    pub(crate) fn new(env: Env, identity: Identity) -> Self {
        Self(Rc::new((env, identity)))
    }

    /// The network.
    pub fn env(&self) -> &Env {
        &self.0.0
    }

    /// Who signs what this person sends.
    pub fn identity(&self) -> &Identity {
        &self.0.1
    }

    /// Who this person is to canisters.
    pub fn principal(&self) -> Principal {
        self.identity().principal()
    }
}

impl PartialEq for Visitor {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl ImplicitClone for Visitor {}
