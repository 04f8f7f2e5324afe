//! The gateway over real sockets, between clients that break rules and a network that has faults.

#[cfg(test)]
mod access;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod operation;
#[cfg(test)]
mod overload;
#[cfg(test)]
mod process;
#[cfg(test)]
mod queues;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod relaying;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod shares;
#[cfg(test)]
mod slow;
#[cfg(test)]
mod support;
#[cfg(test)]
mod traces;
