//! The network as a process that is killed at any moment: after a restart, everything that was answered as certified
//! holds, and nothing is there by half.
#![cfg(test)]

mod administration;
mod full_disk;
mod journal;
mod process;
