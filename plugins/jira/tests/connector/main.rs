//! The connector in front of scripted answers.

mod faults;
mod tasks;
mod worklogs;
