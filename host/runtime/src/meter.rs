//! Memory of one call: how much it has, the most it had, and whether it was refused more.

use wasmtime::{ResourceLimiter, Result};

/// Most elements of all tables of a call: JavaScript engines start at 7,690.
const TABLE_ELEMENTS: usize = 100_000;

/// Limits and counts the memory of one call. A refusal is recorded, because the guest only aborts
/// and its trap does not say why.
#[derive(Debug)]
pub struct Meter {
    limit_bytes: usize,
    used_bytes: usize,
    peak_bytes: usize,
    table_elements: usize,
    refused_bytes: Option<usize>,
}

impl Meter {
    /// Grants so many bytes, all memories of the component together.
    pub fn new(limit_bytes: usize) -> Self {
        Self { limit_bytes, used_bytes: 0, peak_bytes: 0, table_elements: 0, refused_bytes: None }
    }

    /// The most it had, bytes.
    pub fn peak_bytes(&self) -> u64 {
        u64::try_from(self.peak_bytes).unwrap_or(u64::MAX)
    }

    /// What was granted, bytes.
    pub fn limit_bytes(&self) -> usize {
        self.limit_bytes
    }

    /// The size it asked for and did not get, bytes.
    pub fn refused_bytes(&self) -> Option<usize> {
        self.refused_bytes
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        let wanted = self.used_bytes.saturating_add(desired.saturating_sub(current));
        if wanted > self.limit_bytes {
            self.refused_bytes = Some(wanted);
            return Ok(false);
        }
        self.used_bytes = wanted;
        self.peak_bytes = self.peak_bytes.max(wanted);
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        let wanted = self.table_elements.saturating_add(desired.saturating_sub(current));
        if wanted > TABLE_ELEMENTS {
            self.refused_bytes = Some(wanted.saturating_mul(size_of::<usize>()));
            return Ok(false);
        }
        self.table_elements = wanted;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_memories_share_one_limit_and_a_refusal_is_recorded() {
        let mut meter = Meter::new(100);
        assert!(meter.memory_growing(0, 60, None).unwrap());
        assert!(meter.memory_growing(0, 40, None).unwrap());
        assert!(!meter.memory_growing(60, 61, None).unwrap());
        assert_eq!((meter.peak_bytes(), meter.refused_bytes()), (100, Some(101)));
    }
}
