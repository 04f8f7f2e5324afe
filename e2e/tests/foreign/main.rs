//! Canisters that are not the project's own, on the local network: built with older CDKs, in another language, or
//! from a library that every deployment tool talks to.

#![cfg(test)]

mod assets;
mod motoko;
mod published_cdk;
mod support;
mod veteran;
