//! The HTTP side: who is let in, and one file for each group of routes.

pub(crate) mod accounts;
pub(crate) mod audit;
pub(crate) mod begin;
pub(crate) mod conversations;
pub(crate) mod cookie;
pub(crate) mod credential;
pub(crate) mod customers;
pub(crate) mod gate;
pub(crate) mod health;
pub(crate) mod me;
pub(crate) mod messages;
pub(crate) mod operation;
pub(crate) mod pages;
pub(crate) mod params;
pub(crate) mod pause;
pub(crate) mod problem;
pub(crate) mod recent;
pub(crate) mod sign_in;
pub(crate) mod view;
pub(crate) mod webhook;
