//! Tryton's database: PostgreSQL where it is installed, SQLite elsewhere. A base with the modules
//! activated and nothing in it is kept; every run works on a copy.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::environment::{BASES, Environment, MODULES, run};

/// Name of the database of a run.
pub const NAME: &str = "books";

const SQLITE_BASE: &str = BASES[0];
const POSTGRES_BASE: &str = BASES[1];

/// Login of Tryton's administrator.
pub const LOGIN: &str = "admin";
/// Its password, in a database that lives for one run on loopback.
pub const PASSWORD: &str = "accountant-of-the-test";

/// A copy of the base, ready for a server.
pub enum Database {
    /// A file in this folder.
    Sqlite(PathBuf),
    /// A cluster of our own.
    Postgres(Cluster),
}

impl Database {
    /// A fresh copy; `run_folder` is the run's own. `TRYTON_CHAIN_DATABASE=sqlite` leaves PostgreSQL
    /// aside.
    ///
    /// # Errors
    /// When Tryton cannot make its tables.
    pub fn fresh(environment: &Environment, run_folder: &Path) -> anyhow::Result<Self> {
        let sqlite_wanted = std::env::var("TRYTON_CHAIN_DATABASE").is_ok_and(|wanted| wanted == "sqlite");
        if let Some(programs) = postgres_programs().filter(|_| !sqlite_wanted) {
            match Cluster::start(&environment.folder, programs) {
                Ok(cluster) => {
                    cluster.copy_base(environment, run_folder)?;
                    return Ok(Self::Postgres(cluster));
                }
                Err(error) => eprintln!("PostgreSQL is installed but does not start here ({error:#}); using SQLite"),
            }
        }
        let base = environment.folder.join(SQLITE_BASE);
        if !base.exists() {
            let making = environment.folder.join("making");
            fs::create_dir_all(&making)?;
            let file = making.join("base.sqlite");
            remove(&file)?;
            // Tryton lists the files of the folder, and fills one that is there.
            fs::write(&file, [])?;
            let database = Self::Sqlite(making);
            initialise(environment, &database.write_config(run_folder, 0)?, "base", run_folder)?;
            remove(&base)?;
            fs::rename(&file, &base)?;
        }
        let folder = run_folder.join("db");
        fs::create_dir_all(&folder)?;
        fs::copy(&base, folder.join(format!("{NAME}.sqlite")))?;
        Ok(Self::Sqlite(folder))
    }

    /// Writes trytond's configuration.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_config(&self, run_folder: &Path, port: u16) -> anyhow::Result<PathBuf> {
        let database = match self {
            Self::Sqlite(folder) => format!("uri = sqlite://\npath = {}\n", folder.display()),
            Self::Postgres(cluster) => format!("uri = {}\n", cluster.uri()),
        };
        let text =
            format!("[database]\n{database}[web]\nlisten = 127.0.0.1:{port}\n[session]\nauthentications = password\n");
        let path = run_folder.join("trytond.conf");
        fs::write(&path, text)?;
        Ok(path)
    }

    /// What it is, for people.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }
}

/// A SQLite database with its journal files.
fn remove(file: &Path) -> anyhow::Result<()> {
    for end in ["", "-wal", "-shm"] {
        let path = PathBuf::from(format!("{}{end}", file.display()));
        if path.exists() {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn initialise(environment: &Environment, config: &Path, name: &str, run_folder: &Path) -> anyhow::Result<()> {
    eprintln!("activating Tryton's modules in a base database; later runs copy it");
    let password = run_folder.join("password");
    fs::write(&password, PASSWORD)?;
    let mut admin = Command::new(environment.program("trytond-admin"));
    admin.arg("-c").arg(config).args([
        "-d",
        name,
        "--email",
        "books@advisory.example",
        "--password",
        "--activate-dependencies",
        "-u",
    ]);
    admin.args(["ir", "res"]).args(MODULES).env("TRYTONPASSFILE", &password).stdin(Stdio::null());
    run(&mut admin).context("trytond-admin could not make the base database")
}

/// Where PostgreSQL's server programs lie: Debian keeps them off the path.
fn postgres_programs() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| ["initdb", "pg_ctl", "psql"].iter().all(|program| folder.join(program).is_file());
    let versions =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let mut versions: Vec<PathBuf> = versions.collect();
    versions.sort();
    versions.reverse();
    let path = std::env::var_os("PATH").unwrap_or_default();
    versions.into_iter().chain(std::env::split_paths(&path)).find(complete)
}

/// A PostgreSQL of our own, which ends with this value.
pub struct Cluster {
    programs: PathBuf,
    data: PathBuf,
    port: u16,
    owner: Owner,
}

/// Who runs the server: PostgreSQL refuses root.
#[derive(Clone, Copy)]
enum Owner {
    Ourselves,
    User { uid: u32, gid: u32 },
}

impl Owner {
    fn find() -> anyhow::Result<Self> {
        if fs::metadata("/proc/self").map(|meta| std::os::unix::fs::MetadataExt::uid(&meta)).unwrap_or(1) != 0 {
            return Ok(Self::Ourselves);
        }
        let users = fs::read_to_string("/etc/passwd")?;
        let entry = |name: &str| {
            let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
            let mut fields = line.split(':').skip(2);
            Some(Self::User { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
        };
        entry("postgres").or_else(|| entry("nobody")).context("no unprivileged user to run PostgreSQL as")
    }

    fn command(self, program: PathBuf) -> Command {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).env("LC_ALL", "C").current_dir("/");
        if let Self::User { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
        command
    }
}

impl Cluster {
    fn start(folder: &Path, programs: PathBuf) -> anyhow::Result<Self> {
        let owner = Owner::find()?;
        let home = std::path::absolute(folder)?.join("postgres");
        fs::create_dir_all(&home)?;
        if let Owner::User { uid, gid } = owner {
            chown(&home, Some(uid), Some(gid))?;
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let cluster = Self { programs, data: home.join("data"), port, owner };
        if !cluster.data.join("PG_VERSION").exists() {
            let mut initdb = cluster.command("initdb");
            initdb.arg("-D").arg(&cluster.data).args(["-U", "tryton", "-A", "trust", "-E", "UTF8", "--no-sync"]);
            run(&mut initdb)?;
            fs::set_permissions(&cluster.data, fs::Permissions::from_mode(0o700))?;
        } else {
            // A run that was killed leaves its server behind; there is none when this fails.
            let _stopped = cluster.stop();
        }
        // It holds nothing that must survive a crash, so it need not wait for the disk.
        let careless = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off";
        let options = format!("-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= {careless}");
        let mut start = cluster.command("pg_ctl");
        start
            .arg("-D")
            .arg(&cluster.data)
            .arg("-l")
            .arg(home.join("server.log"))
            .args(["-w", "-t", "30", "-o", &options, "start"]);
        // The server inherits pg_ctl's output, and would keep a pipe open for as long as it lives.
        let status = start.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        anyhow::ensure!(status.success(), "pg_ctl start failed; see {}", home.join("server.log").display());
        Ok(cluster)
    }

    fn copy_base(&self, environment: &Environment, run_folder: &Path) -> anyhow::Result<()> {
        self.sql(&format!("DROP DATABASE IF EXISTS {NAME}"))?;
        let stamp = environment.folder.join(POSTGRES_BASE);
        if !stamp.exists() {
            self.sql("DROP DATABASE IF EXISTS base")?;
            self.sql("CREATE DATABASE base")?;
            let config = run_folder.join("base.conf");
            fs::write(&config, format!("[database]\nuri = {}\n", self.uri()))?;
            initialise(environment, &config, "base", run_folder)?;
            fs::write(&stamp, [])?;
        }
        self.sql(&format!("CREATE DATABASE {NAME} TEMPLATE base"))
    }

    fn uri(&self) -> String {
        format!("postgresql://tryton@127.0.0.1:{}/", self.port)
    }

    fn command(&self, program: &str) -> Command {
        self.owner.command(self.programs.join(program))
    }

    fn sql(&self, statement: &str) -> anyhow::Result<()> {
        let mut psql = self.command("psql");
        psql.args([
            "-h",
            "127.0.0.1",
            "-U",
            "tryton",
            "-d",
            "postgres",
            "-v",
            "ON_ERROR_STOP=1",
            "-q",
            "-c",
            statement,
        ]);
        run(psql.arg("-p").arg(self.port.to_string()))
    }

    fn stop(&self) -> anyhow::Result<()> {
        let mut stop = self.command("pg_ctl");
        run(stop.arg("-D").arg(&self.data).args(["-m", "immediate", "-w", "-t", "20", "stop"]))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _stopped = self.stop();
    }
}
