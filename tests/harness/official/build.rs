//! Makes a language's program ready to run: its packages from the registry by their lock file,
//! outside of the checkout, once for each state of the sources.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::PoisonError;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use super::Language;
use super::REQUIRE_CLIENTS;
use crate::binaries;

/// The marker of a folder that was made to the end.
const COMPLETE: &str = "complete";

/// Folders that tools leave beside sources.
const NO_SOURCES: [&str; 3] = ["node_modules", "__pycache__", "target"];

/// A program, or why there is none.
#[derive(Debug)]
pub enum Built {
    /// The command line, to which endpoint and task hub are appended, and where it runs.
    Ready {
        program: OsString,
        arguments: Vec<OsString>,
        folder: PathBuf,
    },
    /// This machine lacks the tools, and nobody requires them.
    Missing { why: String },
}

/// Builds the program of a language.
///
/// # Errors
/// When it cannot be built: where the tools are there, or where all clients are required.
pub fn build(language: Language) -> Result<Built> {
    let lacking: Vec<&str> = language
        .tools()
        .iter()
        .copied()
        .filter(|tool| !is_there(tool))
        .collect();
    if !lacking.is_empty() {
        let why = format!("this machine has no {}", lacking.join(" and no "));
        if std::env::var_os(REQUIRE_CLIENTS).is_some_and(|value| value != "0") {
            bail!("{}: {why}, and {REQUIRE_CLIENTS} is set", language.name());
        }
        return Ok(Built::Missing { why });
    }
    // Tests run at once; what is missing is made by the first.
    static MAKING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let built = match language {
        Language::Python => python(),
        Language::JavaScript => java_script(),
        Language::Java => java(),
        Language::Go => go(),
    };
    built.with_context(|| format!("the program of the official {} client", language.name()))
}

/// Runs a Python program that is given as text, with the official client. `None` where there is
/// no Python.
///
/// # Errors
/// As [`build`], or when the interpreter cannot be started.
pub fn python_runs(program: &str) -> Result<Option<Output>> {
    match build(Language::Python)? {
        Built::Missing { .. } => Ok(None),
        Built::Ready {
            program: interpreter,
            ..
        } => Command::new(interpreter)
            .args(["-B", "-c", program])
            .output()
            .context("the Python program cannot be started")
            .map(Some),
    }
}

/// Runs a JavaScript program (a module) that is given as text, with the official client. `None`
/// where there is no Node.
///
/// # Errors
/// As [`python_runs`].
pub fn javascript_runs(program: &str) -> Result<Option<Output>> {
    match build(Language::JavaScript)? {
        Built::Missing { .. } => Ok(None),
        Built::Ready {
            program: node,
            folder,
            ..
        } => Command::new(node)
            .args(["--input-type=module", "-e", program])
            .current_dir(folder)
            .output()
            .context("the JavaScript program cannot be started")
            .map(Some),
    }
}

fn is_there(tool: &str) -> bool {
    let version = if tool == "go" { "version" } else { "--version" };
    Command::new(tool)
        .arg(version)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn python() -> Result<Built> {
    let folder = Language::Python.folder();
    let requirements = folder.join("requirements.txt");
    let lock = read(&requirements)?;
    let environment = made("python", &lock, |into| {
        step(Command::new("python3").args(["-m", "venv"]).arg(into))?;
        step(
            Command::new(into.join("bin/python"))
                .args(["-m", "pip", "install", "--quiet"])
                .args(["--disable-pip-version-check", "--no-deps"])
                .args(["--only-binary=:all:", "-r"])
                .arg(&requirements),
        )
    })?;
    Ok(Built::Ready {
        program: environment.join("bin/python").into(),
        arguments: vec!["-B".into(), "suite.py".into()],
        folder,
    })
}

fn java_script() -> Result<Built> {
    let folder = Language::JavaScript.folder();
    let sources = all_text(&folder)?;
    let copy = made("javascript", &sources, |into| {
        // Packages are found beside the sources, and the checkout is to stay as it is.
        copy_sources(&folder, into)?;
        step(Command::new("npm").current_dir(into).args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ]))
    })?;
    Ok(Built::Ready {
        program: "node".into(),
        arguments: vec!["suite.mjs".into()],
        folder: copy,
    })
}

fn java() -> Result<Built> {
    let folder = Language::Java.folder();
    let sources = all_text(&folder)?;
    let out = made("java", &sources, |into| {
        let mut property = OsString::from("-DbuildFolder=");
        property.push(into);
        step(
            Command::new("mvn")
                .current_dir(&folder)
                .args(["-q", "-B", "-f", "pom.xml"])
                .arg(property)
                .args(["compile", "dependency:copy-dependencies"]),
        )
    })?;
    let mut class_path = out.join("classes").into_os_string();
    class_path.push(":");
    class_path.push(out.join("lib").join("*"));
    Ok(Built::Ready {
        program: "java".into(),
        arguments: vec!["-cp".into(), class_path, "Suite".into()],
        folder,
    })
}

fn go() -> Result<Built> {
    let folder = Language::Go.folder();
    let sources = all_text(&folder)?;
    let out = made("go", &sources, |into| {
        step(
            Command::new("go")
                .current_dir(&folder)
                .args(["build", "-mod=readonly", "-o"])
                .arg(into.join("suite"))
                .arg("."),
        )
    })?;
    Ok(Built::Ready {
        program: out.join("suite").into(),
        arguments: Vec::new(),
        folder,
    })
}

/// The folder for this state of the sources, made by `make` if it is not there whole.
fn made(name: &str, sources: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let folder = binaries::target_dir()?
        .join("clients")
        .join(format!("{name}-{:016x}", fingerprint(sources)));
    let marker = folder.join(COMPLETE);
    if marker.exists() {
        return Ok(folder);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).context("a folder that was not finished")?;
    }
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    make(&folder)?;
    fs::write(&marker, "").context("mark the folder as finished")?;
    Ok(folder)
}

fn step(command: &mut Command) -> Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{command:?} cannot be started"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let told = String::from_utf8_lossy(&output.stdout);
        bail!("{command:?} failed: {} {}", told.trim(), said.trim());
    }
    Ok(())
}

/// The sources below a folder, by path from there, in order.
fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).with_context(|| next.display().to_string())? {
            let path = entry.context("a folder entry")?.path();
            let name = path.file_name().unwrap_or_default();
            if NO_SOURCES.iter().any(|skipped| name == *skipped) {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(folder).context("a path")?.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn all_text(folder: &Path) -> Result<String> {
    let mut all = String::new();
    for path in sources(folder)? {
        all.push_str(&path.to_string_lossy());
        all.push_str(&read(&folder.join(path))?);
    }
    Ok(all)
}

fn copy_sources(from: &Path, to: &Path) -> Result<()> {
    for path in sources(from)? {
        let target = to.join(&path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).context("a folder for sources")?;
        }
        fs::copy(from.join(&path), &target).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// FNV-1a: the same text gives the same folder with every compiler.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
