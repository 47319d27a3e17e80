//! The running Tryton, and its RPC as the accountant and the assertions use it.

use std::fs::File;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::database::{Database, LOGIN, NAME, PASSWORD};
use crate::environment::{Environment, tail};

/// Longest wait until the server serves: it loads its modules, which takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a starting server is asked whether it serves.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// Starts trytond with the cheapest password hash. Tryton hashes the password with every request of
/// a connection, slowly and on purpose; a deal takes hundreds of requests, and hashing is not what
/// is tested.
const LAUNCHER: &str = "\
import functools, runpy, sys
import pwdlib.hashers.argon2 as argon2
argon2.Argon2Hasher = functools.partial(argon2.Argon2Hasher, time_cost=1, memory_cost=8, parallelism=1)
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name='__main__')
";

/// A Tryton with an empty database of its own; both end with this value.
pub struct Tryton {
    /// Its origin.
    pub url: String,
    client: reqwest::Client,
    /// The accountant's session, once signed in: Tryton's own clients use one, because the check of
    /// a password is slow on purpose.
    session: Option<String>,
    child: Child,
    folder: TempDir,
    database: Database,
    _environment: Environment,
}

impl Tryton {
    /// Installs what is missing, then starts one.
    ///
    /// # Errors
    /// When python3 or PyPI is missing, or the server does not come up, in words.
    pub async fn start() -> anyhow::Result<Self> {
        let begun = Instant::now();
        let environment = Environment::prepare()?;
        let folder = tempfile::tempdir()?;
        let database = Database::fresh(&environment, folder.path())?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let config = database.write_config(folder.path(), port)?;
        let log = File::create(folder.path().join("trytond.log"))?;
        let launcher = folder.path().join("serve.py");
        std::fs::write(&launcher, LAUNCHER)?;
        let child = Command::new(environment.program("python"))
            .arg(launcher)
            .arg(environment.program("trytond"))
            .arg("-c")
            .arg(config)
            .args(["-d", NAME])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("trytond cannot be started")?;
        let url = format!("http://127.0.0.1:{port}");
        let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
        let mut tryton = Self { url, client, session: None, child, folder, database, _environment: environment };
        tryton.wait_until_it_serves().await?;
        tryton.sign_in().await?;
        let seconds = begun.elapsed().as_secs_f32();
        eprintln!("Tryton on {} serves at {} after {seconds:.1} s", tryton.database.kind(), tryton.url);
        Ok(tryton)
    }

    async fn wait_until_it_serves(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let mut clock = tokio::time::interval(ASK_EVERY);
        loop {
            clock.tick().await;
            if let Some(status) = self.child.try_wait()? {
                bail!("trytond ended ({status}): {}", self.log());
            }
            match self.rpc("model.res.user.get_preferences", json!([true, {}])).await {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > deadline => bail!("trytond does not serve: {error:#}; {}", self.log()),
                Err(_) => {}
            }
        }
    }

    async fn sign_in(&mut self) -> anyhow::Result<()> {
        let answer = self.rpc("common.db.login", json!([LOGIN, {"password": PASSWORD}, "en"])).await?;
        let (Some(user), Some(token)) = (answer[0].as_i64(), answer[1].as_str()) else { bail!("no session: {answer}") };
        self.session = Some(STANDARD.encode(format!("{LOGIN}:{user}:{token}")));
        Ok(())
    }

    /// The end of its log.
    pub fn log(&self) -> String {
        tail(&std::fs::read_to_string(self.folder.path().join("trytond.log")).unwrap_or_default())
    }

    /// Calls a method.
    ///
    /// # Errors
    /// What Tryton refused, or why it could not be asked.
    pub async fn rpc(&self, method: &str, params: Value) -> anyhow::Result<Value> {
        let body = json!({"id": 1, "method": method, "params": params});
        let request = self.client.post(format!("{}/{NAME}/rpc/", self.url));
        let request = match &self.session {
            Some(session) => request.header("authorization", format!("Session {session}")),
            None => request.basic_auth(LOGIN, Some(PASSWORD)),
        };
        let answer = request.json(&body).send().await?.error_for_status()?;
        let mut answer: Value = answer.json().await?;
        if let Some(error) = answer.get("error") {
            bail!("{method}: {error}");
        }
        Ok(answer["result"].take())
    }
}

impl Drop for Tryton {
    fn drop(&mut self) {
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}
