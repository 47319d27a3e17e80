//! Makes the `wasm32-wasip2` target available: from rustup, or, where rustup cannot download,
//! built once from the distribution's source package of the same compiler version.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::cargo;

/// The target.
pub const TARGET: &str = "wasm32-wasip2";

/// Suites that carry the compiler's source and the C library, tried in this order.
const SUITES: [&str; 3] = ["trixie-backports", "sid", "forky"];

/// Where Debian keeps the key that signs its packages.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Makes sure the target's standard library is installed.
///
/// # Errors
/// What was tried and what to do by hand.
pub fn ensure() -> anyhow::Result<()> {
    let sysroot = rustc(&["--print", "sysroot"])?;
    let library = Path::new(&sysroot).join("lib/rustlib").join(TARGET).join("lib");
    if has_std(&library) {
        return Ok(());
    }
    cargo::step(&format!("the target {TARGET} is missing; asking rustup for it"));
    let added = Command::new("rustup").args(["target", "add", TARGET]).status();
    if added.is_ok_and(|status| status.success()) && has_std(&library) {
        return Ok(());
    }
    cargo::step(
        "rustup cannot download it; building the standard library from Debian's source package (about a minute)",
    );
    build_from_source(Path::new(&sysroot), &library).with_context(|| {
        format!("{TARGET} could not be made available. Install it by hand: `rustup target add {TARGET}` on a machine with network")
    })
}

fn has_std(library: &Path) -> bool {
    let Ok(entries) = fs::read_dir(library) else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
}

fn rustc(arguments: &[&str]) -> anyhow::Result<String> {
    output(Command::new("rustc").args(arguments).current_dir(cargo::root()))
}

fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("{:?} cannot be started", command.get_program()))?;
    if !output.status.success() {
        bail!("{:?} failed: {}", command.get_program(), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The version of the compiler, such as `1.95.0`.
fn compiler_version() -> anyhow::Result<String> {
    let text = rustc(&["--version"])?;
    text.split_whitespace().nth(1).map(str::to_owned).context("rustc does not tell its version")
}

fn build_from_source(sysroot: &Path, library: &Path) -> anyhow::Result<()> {
    let version = compiler_version()?;
    let work = cargo::target().join("wasm-target");
    fs::create_dir_all(&work)?;
    let apt = Apt::new(work.join("apt"))?;
    cargo::step("1 of 4: package lists");
    apt.run("apt-get", &["update"])?;
    cargo::step(&format!("2 of 4: source of rustc {version}, C library for {TARGET}"));
    let source = apt.fetch("rust-src", |candidate| candidate.starts_with(&version), &work)?;
    let libc = apt.fetch("wasi-libc", |_| true, &work)?;
    let source = source.join(format!("usr/src/rustc-{version}"));
    let libc = libc.join("usr/lib").join(TARGET);
    if !source.is_dir() || !libc.join("libc.a").is_file() {
        bail!("the packages do not hold rustc {version} or the C library for {TARGET}");
    }
    cargo::step("3 of 4: compiling the standard library");
    let built = compile(sysroot, &source, &libc, &work)?;
    cargo::step("4 of 4: installing");
    install(&built, &libc, library)
}

/// Compiles std against the linked source, and takes the link away again.
fn compile(sysroot: &Path, source: &Path, libc: &Path, work: &Path) -> anyhow::Result<PathBuf> {
    let link = sysroot.join("lib/rustlib/src/rust");
    let linked = !link.exists();
    if linked {
        fs::create_dir_all(sysroot.join("lib/rustlib/src"))?;
        std::os::unix::fs::symlink(source, &link).context("the compiler's folder cannot be written")?;
    }
    let empty = work.join("empty");
    fs::create_dir_all(empty.join("src"))?;
    fs::write(
        empty.join("Cargo.toml"),
        "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n",
    )?;
    fs::write(empty.join("src/lib.rs"), "")?;
    let status = cargo::command()
        .current_dir(&empty)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", empty.join("target"))
        .env("RUSTFLAGS", format!("-Cembed-bitcode=yes -Zforce-unstable-if-unmarked -L native={}", libc.display()))
        .args(["build", "-Zbuild-std=std,panic_abort,panic_unwind", "--release", "--target", TARGET])
        .status();
    if linked {
        fs::remove_file(&link)?;
    }
    if !status?.success() {
        bail!("the standard library did not compile");
    }
    Ok(empty.join("target").join(TARGET).join("release/deps"))
}

fn install(built: &Path, libc: &Path, library: &Path) -> anyhow::Result<()> {
    let contained = library.join("self-contained");
    fs::create_dir_all(&contained)?;
    for object in ["libc.a", "crt1-command.o", "crt1-reactor.o"] {
        fs::copy(libc.join(object), contained.join(object))?;
    }
    for entry in fs::read_dir(built)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libempty-") {
            fs::copy(&path, library.join(name))?;
        }
    }
    if has_std(library) { Ok(()) } else { bail!("the build gave no standard library") }
}

/// A private view of Debian's packages: reads other suites without touching the system's lists.
struct Apt {
    options: Vec<String>,
}

impl Apt {
    fn new(folder: PathBuf) -> anyhow::Result<Self> {
        for part in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(folder.join(part))?;
        }
        let mirror = system_mirror()?;
        let list = folder.join("sources.list");
        let lines = SUITES.map(|suite| format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n"));
        fs::write(&list, lines.concat())?;
        let show = |path: &Path| path.display().to_string();
        Ok(Self {
            options: vec![
                format!("-oDir::State::Lists={}", show(&folder.join("lists"))),
                format!("-oDir::Cache={}", show(&folder.join("cache"))),
                format!("-oDir::Etc::SourceList={}", show(&list)),
                "-oDir::Etc::SourceParts=/dev/null".to_owned(),
                "-oAPT::Sandbox::User=root".to_owned(),
            ],
        })
    }

    fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<String> {
        output(Command::new(program).args(&self.options).args(arguments))
    }

    /// Downloads and unpacks the newest version of a package that `wanted` accepts.
    fn fetch(&self, package: &str, wanted: impl Fn(&str) -> bool, work: &Path) -> anyhow::Result<PathBuf> {
        let listing = self.run("apt-cache", &["madison", package])?;
        let version = listing
            .lines()
            .filter_map(|line| line.split('|').nth(1).map(str::trim))
            .find(|candidate| wanted(candidate))
            .with_context(|| format!("no suitable version of the package {package} in {}", SUITES.join(", ")))?
            .to_owned();
        let folder = work.join(package);
        fs::create_dir_all(&folder)?;
        let mut download = Command::new("apt-get");
        download.args(&self.options).args(["download", &format!("{package}={version}")]).current_dir(&folder);
        output(&mut download)?;
        let archive = fs::read_dir(&folder)?
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .with_context(|| format!("{package} {version} did not arrive"))?;
        let unpacked = folder.join("unpacked");
        output(Command::new("dpkg-deb").arg("-x").arg(&archive).arg(&unpacked))?;
        Ok(unpacked)
    }
}

/// The package mirror that this system already uses.
fn system_mirror() -> anyhow::Result<String> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(entries) = fs::read_dir("/etc/apt/sources.list.d") {
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    files
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .find(|word| word.starts_with("http") && word.trim_end_matches('/').ends_with("/debian"))
        .context("this system has no Debian package source; install the target with rustup")
}
