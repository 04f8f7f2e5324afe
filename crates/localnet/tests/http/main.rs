//! The HTTP interface as real clients use it.

#[cfg(test)]
mod agent;
#[cfg(test)]
mod binary;
#[cfg(test)]
mod common;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod site;
#[cfg(test)]
mod system_canisters;
#[cfg(test)]
mod test_api;
