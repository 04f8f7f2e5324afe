//! Canisters written by hand, driven through [`ic_localnet::network`]: what executing messages does, and what it does
//! not.

#[cfg(test)]
mod calls;
#[cfg(test)]
mod composite;
#[cfg(test)]
mod cycles;
#[cfg(test)]
mod deadlines;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod install;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod management;
#[cfg(test)]
mod restart;
#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod state;
#[cfg(test)]
mod stopping;
#[cfg(test)]
mod support;
#[cfg(test)]
mod system_api;
#[cfg(test)]
mod time;
