//! The WebSocket gateway server.
