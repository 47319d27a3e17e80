//! An archive without compression in the ustar format (POSIX.1-1988): a header of 512 bytes before
//! each file, everything padded to 512. Every tool reads it, and the same files make the same bytes.

/// Bytes of a block.
const BLOCK: usize = 512;

/// Longest file name: the format's field, less its end.
const NAME_BYTES_MAX: usize = 99;

/// An archive under way.
#[derive(Debug, Default)]
pub struct Archive {
    bytes: Vec<u8>,
}

impl Archive {
    /// Adds a file, dated `mtime` seconds after 1970. A longer name is cut at its beginning.
    pub fn add(&mut self, name: &str, mtime: u64, content: &[u8]) {
        let mut header = [0_u8; BLOCK];
        let from = name.len().saturating_sub(NAME_BYTES_MAX);
        put(&mut header, 0, &name.as_bytes()[from..]);
        put(&mut header, 100, b"0000644\0");
        put(&mut header, 108, b"0000000\0");
        put(&mut header, 116, b"0000000\0");
        put(&mut header, 124, format!("{:011o}\0", content.len()).as_bytes());
        put(&mut header, 136, format!("{mtime:011o}\0").as_bytes());
        put(&mut header, 148, b"        ");
        put(&mut header, 156, b"0");
        put(&mut header, 257, b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        put(&mut header, 148, format!("{sum:06o}\0 ").as_bytes());
        self.bytes.extend_from_slice(&header);
        self.bytes.extend_from_slice(content);
        self.pad();
    }

    /// The whole archive: two empty blocks end it.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(&[0; 2 * BLOCK]);
        self.bytes
    }

    fn pad(&mut self) {
        let over = self.bytes.len() % BLOCK;
        if over > 0 {
            self.bytes.resize(self.bytes.len() + BLOCK - over, 0);
        }
    }
}

fn put(header: &mut [u8; BLOCK], at: usize, bytes: &[u8]) {
    if let Some(place) = header.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_what_the_format_wants() {
        let mut archive = Archive::default();
        archive.add("pack/a.json", 1_774_972_800, b"{}\n");
        let bytes = archive.finish();
        assert_eq!(bytes.len(), 4 * BLOCK);
        assert_eq!(&bytes[..11], b"pack/a.json");
        assert_eq!(&bytes[124..135], b"00000000003");
        assert_eq!(&bytes[257..265], b"ustar\x0000");
        assert_eq!(&bytes[BLOCK..BLOCK + 3], b"{}\n");
        let told = u32::from_str_radix(std::str::from_utf8(&bytes[148..154]).unwrap(), 8).unwrap();
        let blank = bytes[..BLOCK]
            .iter()
            .enumerate()
            .map(|(at, byte)| if (148..156).contains(&at) { u32::from(b' ') } else { u32::from(*byte) });
        assert_eq!(told, blank.sum::<u32>());
    }

    #[test]
    fn the_same_files_make_the_same_bytes() {
        let one = || {
            let mut archive = Archive::default();
            archive.add(&"n".repeat(200), 0, &[7; 600]);
            archive.finish()
        };
        assert_eq!(one(), one());
        assert_eq!(one().len() % BLOCK, 0);
    }
}
