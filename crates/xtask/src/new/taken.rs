//! What a new project has of this one.

/// What is taken over; of packages without their tests, which stay where the packages are developed.
pub(super) const TAKEN: [&str; 12] = [
    ".cargo",
    ".gitignore",
    "Cargo.lock",
    "LICENSE",
    "clippy.toml",
    "crates",
    "frontend/.ic-assets.json5",
    "frontend/asset-canister",
    "gateway",
    "icp.yaml",
    "rust-toolchain.toml",
    "scripts",
];

/// What of that is about the chat or the examples.
pub(super) const LEFT: [&str; 4] = [
    "crates/chat-api",
    "scripts/bench",
    "scripts/new",
    "scripts/release",
];

/// What a browser test needs, beside what is written anew.
pub(super) const OF_THE_TESTS: [&str; 7] = [
    "artifact.rs",
    "browser",
    "browser.rs",
    "canister.rs",
    "network.rs",
    "stack.rs",
    "wait.rs",
];

/// What is said in it about the chat or to those who develop all of this, by file, and what is said instead.
pub(super) const ADAPTED: [(&str, &str, &str); 3] = [
    (".gitignore", "/e2e/canisters/*/target\n", ""),
    ("icp.yaml", ": see docs/deploying.md", ""),
    ("icp.yaml", GATEWAYS, ""),
];

/// What only the chat's canister reads.
const GATEWAYS: &str = "        \
        # For the chat: the principals of the gateways that may serve it, with commas between. Unset, all may.
        # environment_variables:
        #   GATEWAYS: PRINCIPAL
";
