//! The page as people use it: two or three of them, at desks and on phones.

#![cfg(test)]

mod away;
mod connection;
mod story;
