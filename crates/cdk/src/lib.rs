//! What a canister embeds to speak WebSocket.
