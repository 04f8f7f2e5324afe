//! What calls cost in cycles, on a subnet of 13 nodes; one of 34 takes 34/13 of it.
//!
//! The prices are those of application subnets in the Internet Computer's own configuration,
//! `rs/config/src/subnet_config.rs`. A trillion cycles cost one SDR of the International Monetary Fund.

const RECEPTION: f64 = 1_200_000.0;
const RECEIVED_BYTE: f64 = 2_000.0;
const EXECUTION: f64 = 5_000_000.0;
const INSTRUCTION: f64 = 1.0;

/// What a client's call costs: so many bytes with its signature, so many instructions.
pub fn call(bytes: f64, instructions: f64) -> f64 {
    RECEPTION + RECEIVED_BYTE * bytes + EXECUTION + INSTRUCTION * instructions
}
