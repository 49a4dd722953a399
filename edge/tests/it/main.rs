//! The edge from outside: over sockets, in front of servers that the tests script.

mod access;
mod calls;
mod connections;
mod errors;
mod fixture;
mod generic;
mod headers;
mod limits;
mod pages;
mod streams;
mod tickets;
mod upstream;
