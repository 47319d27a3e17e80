//! Public keys as an administrator uploads them: a PEM certificate or a PEM public key.

use quoin_simulator::sign::{from_base64, to_base64};

/// Least RSA key size that the vendor takes, in bits.
const LEAST_RSA_BITS: usize = 3072;

/// A registered key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// As PEM of type PUBLIC KEY.
    pub pem: String,
    /// Whether it is an RSA key; else it is an EC key.
    pub rsa: bool,
}

/// DER object identifier 1.2.840.113549.1.1.1, rsaEncryption.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// Reads a PEM certificate or public key.
///
/// # Errors
/// In words, when it is neither or its RSA key is shorter than 3072 bit.
pub fn read_public_key(pem: &str) -> Result<PublicKey, String> {
    let info = if let Some(der) = pem_body(pem, "CERTIFICATE") {
        certificate_key(&der).ok_or("the certificate cannot be read")?
    } else {
        pem_body(pem, "PUBLIC KEY").ok_or("give a PEM of type CERTIFICATE or PUBLIC KEY")?
    };
    let (rsa, bits) = key_kind(&info).ok_or("the public key cannot be read")?;
    if rsa && bits < LEAST_RSA_BITS {
        return Err(format!("the RSA key has {bits} bit; at least {LEAST_RSA_BITS} are required"));
    }
    let body = to_base64(&info);
    Ok(PublicKey { pem: format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"), rsa })
}

fn pem_body(pem: &str, kind: &str) -> Option<Vec<u8>> {
    let inner = pem.split(&format!("-----BEGIN {kind}-----")).nth(1)?;
    let inner = inner.split(&format!("-----END {kind}-----")).next()?;
    from_base64(&inner.split_whitespace().collect::<String>())
}

/// Splits the first DER element off: its tag, its content, all its bytes, and the rest.
#[expect(clippy::type_complexity, reason = "four parts of one slice, each named above")]
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8], &[u8])> {
    let (&tag, after_tag) = der.split_first()?;
    let (&first, mut body) = after_tag.split_first()?;
    let mut length = usize::from(first);
    if first & 0x80 != 0 {
        let (digits, rest) = body.split_at_checked(usize::from(first & 0x7f))?;
        length =
            digits.iter().try_fold(0_usize, |sum, digit| sum.checked_mul(256)?.checked_add(usize::from(*digit)))?;
        body = rest;
    }
    let (content, rest) = body.split_at_checked(length)?;
    let whole = der.get(..der.len() - rest.len())?;
    Some((tag, content, whole, rest))
}

/// SubjectPublicKeyInfo of an X.509 certificate (RFC 5280 section 4.1): the element after version,
/// serial number, algorithm, issuer, validity and subject.
fn certificate_key(der: &[u8]) -> Option<Vec<u8>> {
    let (_, certificate, _, _) = element(der)?;
    let (_, mut signed, _, _) = element(certificate)?;
    if signed.first() == Some(&0xa0) {
        signed = element(signed)?.3;
    }
    for _ in 0..5 {
        signed = element(signed)?.3;
    }
    element(signed).map(|(_, _, whole, _)| whole.to_vec())
}

/// Whether a SubjectPublicKeyInfo holds an RSA key, and the bits of its modulus.
fn key_kind(info: &[u8]) -> Option<(bool, usize)> {
    let (_, body, _, _) = element(info)?;
    let (_, algorithm, _, key) = element(body)?;
    let (_, name, _, _) = element(algorithm)?;
    if name != RSA {
        return Some((false, 0));
    }
    let (_, bits, _, _) = element(key)?;
    let (_, numbers, _, _) = element(bits.get(1..)?)?;
    let (_, modulus, _, _) = element(numbers)?;
    let significant = modulus.iter().skip_while(|byte| **byte == 0).count();
    Some((true, significant * 8))
}
