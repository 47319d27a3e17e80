//! What the console needs: the API's state, and how its cookie travels.

use api::ApiState;

/// Everything the console reads and everything it can ask for. Cheap to clone.
#[derive(Clone)]
pub struct ConsoleState {
    /// The API's state: the console reads and asks through nothing else.
    pub api: ApiState,
    /// Whether browsers reach the console by HTTPS: the session cookie then carries `Secure`.
    pub secure_cookies: bool,
}

impl ConsoleState {
    /// A console on an API.
    pub fn new(api: ApiState, secure_cookies: bool) -> Self {
        Self { api, secure_cookies }
    }
}
