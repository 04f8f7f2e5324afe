//! The page as people use it: two or three of them, at desks and on phones.

#![cfg(test)]

mod accessibility;
mod away;
mod completion;
mod connection;
mod hidden;
mod history;
mod injection;
mod keyboard;
mod messages;
mod notifications;
mod people;
mod phone;
mod rooms;
mod story;
mod tabs;
mod unread;
