//! Which addresses a plugin may reach.
