//! WebSocket client for canisters.
