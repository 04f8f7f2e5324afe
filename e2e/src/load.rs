//! Many requests over many connections, and how long they took.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;

use crate::http::{Connection, Request};

/// How a load was taken.
pub struct Load {
    elapsed: Duration,
    /// Of each request, shortest first.
    latencies: Vec<Duration>,
    /// The last response of each connection.
    pub last: Vec<Vec<u8>>,
}

impl Load {
    /// Sends all requests; each connection sends the next one as soon as its last one is answered. Making a request
    /// does not count as latency.
    pub async fn run(
        address: SocketAddr,
        connections: usize,
        requests: impl IntoIterator<Item = Request, IntoIter: Send + 'static>,
    ) -> Result<Self> {
        let requests = Arc::new(Mutex::new(requests.into_iter()));
        let mut open = Vec::new();
        for _ in 0..connections {
            open.push(Connection::open(address).await?);
        }
        let started = Instant::now();
        let mut sending = JoinSet::new();
        for mut connection in open {
            let requests = Arc::clone(&requests);
            sending.spawn(async move {
                let next = || {
                    requests
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .next()
                };
                let (mut latencies, mut last) = (Vec::new(), Vec::new());
                while let Some(request) = next() {
                    let sent = Instant::now();
                    let response = connection.send(&request).await?;
                    latencies.push(sent.elapsed());
                    last = response.to_vec();
                }
                anyhow::Ok((latencies, last))
            });
        }
        let (mut latencies, mut last) = (Vec::new(), Vec::new());
        while let Some(sent) = sending.join_next().await {
            let sent = sent??;
            latencies.extend(sent.0);
            last.push(sent.1);
        }
        ensure!(!latencies.is_empty(), "nothing was sent");
        latencies.sort_unstable();
        Ok(Self {
            elapsed: started.elapsed(),
            latencies,
            last,
        })
    }

    /// Requests answered.
    pub fn count(&self) -> usize {
        self.latencies.len()
    }

    /// Requests answered in a second.
    pub fn rate(&self) -> f64 {
        self.count() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency in milliseconds that so many percent of the requests did not exceed.
    pub fn percentile_ms(&self, percent: usize) -> f64 {
        percentile_ms(&self.latencies, percent)
    }
}

/// Of latencies, shortest first, the one in milliseconds that so many percent of them do not exceed: the nearest rank.
pub fn percentile_ms(sorted: &[Duration], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted[rank - 1].as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_the_nearest_ranks() {
        let of = |count: u64, percent| {
            Load {
                elapsed: Duration::from_secs(1),
                latencies: (1..=count).map(Duration::from_millis).collect(),
                last: Vec::new(),
            }
            .percentile_ms(percent)
        };
        assert_eq!([of(1, 50), of(2, 50), of(3, 50)], [1.0, 1.0, 2.0]);
        assert_eq!([of(10, 99), of(100, 99), of(200, 99)], [10.0, 99.0, 198.0]);
        assert_eq!([of(5, 0), of(5, 100)], [1.0, 5.0]);
    }
}
