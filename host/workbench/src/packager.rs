//! The packagers of JavaScript and Python: fetched into the project's own folder, in pinned versions, and run there.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

use crate::build::Progress;
use crate::inputs::Inputs;
use crate::project::Project;

/// Oldest Node.js that the packager runs on.
const NODE_MAJOR_MIN: u32 = 20;
/// Oldest Python that the packager runs on.
const PYTHON_MINOR_MIN: u32 = 11;

/// A program of the language, with what to say where it is missing.
struct Tool {
    name: &'static str,
    mend: &'static str,
}

const NODE: Tool = Tool { name: "node", mend: "install Node.js 20 or newer from https://nodejs.org" };
const NPM: Tool = Tool { name: "npm", mend: "it comes with Node.js: https://nodejs.org (Debian: apt install npm)" };
const PYTHON: Tool = Tool {
    name: "python3",
    mend: "install Python 3.11 or newer from https://python.org (Debian: apt install python3)",
};

impl Tool {
    fn command(&self, project: &Project) -> Command {
        command(Path::new(self.name), project)
    }

    /// Whether the program is there, and new enough.
    fn at_least(&self, project: &Project, wanted: (u32, u32)) -> anyhow::Result<()> {
        let output = self.command(project).arg("--version").output();
        let output = output.with_context(|| format!("{} cannot be started; {}", self.name, self.mend))?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let digits = text.trim_start_matches(|letter: char| !letter.is_ascii_digit());
        let mut numbers = digits.split('.').map_while(|part| part.parse::<u32>().ok());
        let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        ensure!(found >= wanted, "{} is {text}, which is too old; {}", self.name, self.mend);
        Ok(())
    }
}

fn command(program: impl AsRef<OsStr>, project: &Project) -> Command {
    let mut command = Command::new(program);
    command.current_dir(&project.folder).stdin(Stdio::null());
    command
}

/// Runs a step to its end; its words go to our standard error.
fn run(command: &mut Command, what: &str) -> anyhow::Result<()> {
    let status = command.stdout(std::io::stderr()).status().with_context(|| format!("{what} cannot be started"))?;
    ensure!(status.success(), "{what} failed; see above");
    Ok(())
}

/// Runs the SDK's build script, unless the component is there already and made of the same files.
fn made(mut script: Command, project: &Project, sdk: &Path, target: &Path) -> anyhow::Result<()> {
    let inputs = Inputs::of(&project.folder, sdk)?;
    if inputs.made(target) {
        return Ok(());
    }
    run(script.arg(target), "the build")?;
    inputs.note(target)
}

/// JavaScript: npm and the SDK's build script.
pub mod javascript {
    use super::*;

    /// Builds the component.
    ///
    /// # Errors
    /// What is missing, or the compiler's own words.
    pub fn build(project: &Project, target: &Path, progress: Progress<'_>) -> anyhow::Result<()> {
        install(project, progress)?;
        let sdk = project.folder.join("node_modules/quoin-sdk");
        let mut node = NODE.command(project);
        // The SDK is linked into node_modules, and finds the project's packages beside it there.
        node.args(["--preserve-symlinks", "--preserve-symlinks-main"]).arg(sdk.join("build.mjs"));
        made(node, project, &sdk, target)
    }

    /// Runs the project's tests.
    ///
    /// # Errors
    /// When one fails, or a tool is missing.
    pub fn test(project: &Project, progress: Progress<'_>) -> anyhow::Result<()> {
        install(project, progress)?;
        let status = NPM.command(project).args(["test", "--silent"]).status().context("npm cannot be started")?;
        ensure!(status.success(), "the project's own tests failed");
        Ok(())
    }

    /// Fetches what the lock file pins, when it is not there yet. No package may run scripts of its own meanwhile.
    fn install(project: &Project, progress: Progress<'_>) -> anyhow::Result<()> {
        NODE.at_least(project, (NODE_MAJOR_MIN, 0))?;
        let lock = project.folder.join("package-lock.json");
        ensure!(lock.is_file(), "package-lock.json is missing, which pins the packager; `npm install` makes it");
        let saved = |file: &Path| file.metadata().and_then(|about| about.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        let installed = project.folder.join("node_modules/.package-lock.json");
        if saved(&installed) >= saved(&lock) && project.folder.join("node_modules/quoin-sdk").exists() {
            return Ok(());
        }
        NPM.at_least(project, (8, 0))?;
        progress("npm ci: fetching the packages that package-lock.json pins (once)");
        let mut npm = NPM.command(project);
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
        run(&mut npm, "npm ci")?;
        ensure!(installed.is_file(), "npm ci left no node_modules; look at package.json");
        Ok(())
    }
}

/// Python: an environment of the project's own, and the SDK's build script.
pub mod python {
    use super::*;

    /// `[tool.quoin]` of `pyproject.toml`.
    #[derive(Deserialize)]
    struct Settings {
        /// Where the SDK is, from the project's folder.
        sdk: PathBuf,
    }

    #[derive(Deserialize)]
    struct Tools {
        quoin: Settings,
    }

    #[derive(Deserialize)]
    struct File {
        tool: Tools,
    }

    /// Builds the component.
    ///
    /// # Errors
    /// What is missing, or the packager's own words.
    pub fn build(project: &Project, target: &Path, progress: Progress<'_>) -> anyhow::Result<()> {
        let (python, sdk) = install(project, progress)?;
        let mut build = command(&python, project);
        build.env("VIRTUAL_ENV", project.folder.join(".venv")).arg(sdk.join("build.py"));
        made(build, project, &sdk, target)
    }

    /// Runs the project's tests.
    ///
    /// # Errors
    /// When one fails, or a tool is missing.
    pub fn test(project: &Project, progress: Progress<'_>) -> anyhow::Result<()> {
        let (python, _) = install(project, progress)?;
        let mut tests = command(&python, project);
        let status = tests.args(["-m", "unittest", "discover", "--start-directory", "tests"]).status();
        ensure!(status.context("python cannot be started")?.success(), "the project's own tests failed");
        Ok(())
    }

    fn sdk(project: &Project) -> anyhow::Result<PathBuf> {
        let text = std::fs::read_to_string(project.folder.join("pyproject.toml")).context("pyproject.toml")?;
        let file: File = toml::from_str(&text)
            .context("pyproject.toml needs a table [tool.quoin] with sdk = \"quoin-sdk\", the SDK's folder")?;
        let sdk = project.folder.join(file.tool.quoin.sdk);
        sdk.canonicalize().with_context(|| format!("pyproject.toml, tool.quoin.sdk: there is no {}", sdk.display()))
    }

    /// Makes the environment and fetches what `requirements.txt` pins, when that is not there yet.
    fn install(project: &Project, progress: Progress<'_>) -> anyhow::Result<(PathBuf, PathBuf)> {
        let sdk = sdk(project)?;
        let home = project.folder.join(".venv");
        let python = home.join("bin/python");
        let file = project.folder.join("requirements.txt");
        let wanted = std::fs::read_to_string(&file)
            .context("requirements.txt cannot be read, which pins the packager; `quoin new` shows one")?;
        let noted = home.join("quoin-installed.txt");
        // The SDK's place is noted too: a project may be moved.
        let wanted = format!("{wanted}\n# {}\n", sdk.display());
        if python.is_file() && std::fs::read_to_string(&noted).is_ok_and(|installed| installed == wanted) {
            return Ok((python, sdk));
        }
        PYTHON.at_least(project, (3, PYTHON_MINOR_MIN))?;
        progress("python3 -m venv: an environment of the project's own (once)");
        let mut venv = PYTHON.command(project);
        let made = run(venv.args(["-m", "venv", "--clear"]).arg(&home), "python3 -m venv");
        made.context("Python's module venv is needed (Debian: apt install python3-venv)")?;
        progress("pip install: fetching the packages that requirements.txt pins (once)");
        let mut pip = command(&python, project);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "-r"]);
        run(pip.arg(&file), "pip install")?;
        crate::sdk::write(&packages(&home)?.join("quoin-sdk.pth"), format!("{}\n", sdk.display()).as_bytes())?;
        crate::sdk::write(&noted, wanted.as_bytes())?;
        Ok((python, sdk))
    }

    /// Where the environment keeps its packages.
    fn packages(home: &Path) -> anyhow::Result<PathBuf> {
        for entry in home.join("lib").read_dir().context(".venv has no lib")?.flatten() {
            let packages = entry.path().join("site-packages");
            if packages.is_dir() {
                return Ok(packages);
            }
        }
        bail!("the environment .venv has no site-packages; remove it and build again")
    }
}
