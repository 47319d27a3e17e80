//! Reading and storing the parts of one slot.

use std::sync::Arc;

use ports::{SecretError, SecretValue, SendError};
use zeroize::Zeroizing;

use crate::Room;

/// The secrets of one slot, and the room they are used in.
#[derive(Clone)]
pub(super) struct SlotSecrets {
    pub(super) room: Arc<Room>,
    connection: String,
    slot: String,
}

impl SlotSecrets {
    pub(super) fn new(room: Arc<Room>, connection: &str, slot: &str) -> Self {
        Self { room, connection: connection.to_owned(), slot: slot.to_owned() }
    }

    pub(super) fn slot(&self) -> &str {
        &self.slot
    }

    pub(super) fn connection(&self) -> &str {
        &self.connection
    }

    fn name(&self, part: &str) -> String {
        format!("{}/{}/{part}", self.connection, self.slot)
    }

    /// A part as text. A line break at its end, which files and pipes leave, is not part of it.
    pub(super) async fn text(&self, part: &str) -> Result<Zeroizing<String>, SendError> {
        let name = self.name(part);
        let value = self.room.secrets.get(&name).await.map_err(|error| needs_person(error.to_string()))?;
        let text = value.expose(|bytes| {
            std::str::from_utf8(bytes).map(|text| Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
        });
        text.map_err(|_| {
            needs_person(format!("the secret '{name}' is not text; set it again with `quoin secret set {name}`"))
        })
    }

    /// A part that need not exist.
    pub(super) async fn optional_text(&self, part: &str) -> Result<Option<Zeroizing<String>>, SendError> {
        match self.room.secrets.get(&self.name(part)).await {
            Err(SecretError::Missing(_)) => Ok(None),
            _ => self.text(part).await.map(Some),
        }
    }

    /// Stores a part durably.
    pub(super) async fn store(&self, part: &str, text: &str) -> Result<(), SendError> {
        let value = SecretValue::new(text.as_bytes().to_vec());
        self.room.secrets.put(&self.name(part), value).await.map_err(|error| SendError::Credential {
            needs_person: false,
            message: format!("a renewed secret could not be stored, and is kept in memory until it can: {error}"),
        })
    }
}

pub(super) fn needs_person(message: String) -> SendError {
    SendError::Credential { needs_person: true, message }
}
