//! Finds taken ports before anything is built, so that the error comes at once and names the way out.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, TcpListener},
};

use anyhow::{Context, Result, bail};

/// A port that a part will listen on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub part: &'static str,
    pub port: u16,
    pub flag: &'static str,
    pub variable: &'static str,
}

/// Fails if a port is taken, or wanted twice.
pub(crate) fn check(wanted: &[Wanted]) -> Result<()> {
    for (index, this) in wanted.iter().enumerate() {
        if let Some(other) = wanted[..index].iter().find(|other| other.port == this.port) {
            bail!(
                "{} and {} cannot both use port {}: choose another with {} or {}",
                other.part,
                this.part,
                this.port,
                this.flag,
                this.variable
            );
        }
        match TcpListener::bind((Ipv4Addr::LOCALHOST, this.port)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::AddrInUse => bail!(
                "port {} for {} is taken by another program: stop it, or choose another port with {} PORT or {}=PORT",
                this.port,
                this.part,
                this.flag,
                this.variable
            ),
            Err(error) => {
                return Err(error).context(format!(
                    "cannot listen on port {} for {}",
                    this.port, this.part
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(part: &'static str, port: u16) -> Wanted {
        Wanted {
            part,
            port,
            flag: "--some-port",
            variable: "SOME_PORT",
        }
    }

    #[test]
    fn a_free_port_is_fine() {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        check(&[wanted("the gateway", port)]).unwrap();
    }

    #[test]
    fn a_taken_port_is_named_with_the_way_to_choose_another() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = holder.local_addr().unwrap().port();
        let error = check(&[wanted("the gateway", port)])
            .unwrap_err()
            .to_string();
        for part in [&port.to_string(), "the gateway", "--some-port", "SOME_PORT"] {
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn one_port_for_two_parts_is_refused() {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let error = check(&[wanted("one", port), wanted("two", port)])
            .unwrap_err()
            .to_string();
        assert!(error.contains("one and two"), "{error}");
    }
}
