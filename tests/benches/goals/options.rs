//! The command line: which rows, how many pairs, and the roles that this program plays for itself.

use std::path::PathBuf;

use anyhow::Context as _;
use anyhow::Result;
use anyhow::bail;
use durascope_tests::binaries;

use crate::floor::Bound;
use crate::rows::Row;
use crate::worker;

pub(crate) const USAGE: &str = "\
cargo bench -p durascope-tests --bench goals -- ROW|all [--pairs 5] [--scale 1] [--dir PATH] [--write]

  ROW       1 to 15, bounds or screen; several may be given; profile: the emulator in row 1, by
            perf
  --pairs   pairs after the warm-up pair
  --scale   divides all sizes, to see whether a row works; never writes
  --dir     where the databases are; a disk, not a file system in memory
  --write   replaces the rows in docs/performance.md";

const PAIRS_DEFAULT: u32 = 5;

/// What is to be measured, and how.
pub(crate) struct Options {
    pub(crate) rows: Vec<Row>,
    pub(crate) pairs: u32,
    pub(crate) scale: u32,
    pub(crate) folder: PathBuf,
    pub(crate) write: bool,
}

impl Options {
    /// A size of the goals, scaled down where that was asked for.
    pub(crate) fn size(&self, size: u32) -> u32 {
        (size / self.scale).max(2)
    }

    /// A fresh folder for a database.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn fresh_folder(&self) -> Result<tempfile::TempDir> {
        std::fs::create_dir_all(&self.folder).with_context(|| self.folder.display().to_string())?;
        let mut named = tempfile::Builder::new();
        named.prefix("run-");
        named
            .tempdir_in(&self.folder)
            .context("a folder for the database")
    }
}

pub(crate) enum Command {
    Nothing,
    Role(Role),
    Measure(Options),
    Profile(Options),
}

/// What this program does as a process of its own.
pub(crate) enum Role {
    Worker(worker::Settings),
    /// The server of the floor: a database, or none for the bound of gRPC alone.
    FloorServer(Bound),
    FloorClient(String),
}

impl Role {
    pub(crate) async fn play(self) -> Result<()> {
        match self {
            Self::Worker(settings) => worker::run(settings).await,
            Self::FloorServer(bound) => crate::floor::server::run(bound).await,
            Self::FloorClient(endpoint) => crate::floor::client::run(&endpoint).await,
        }
    }
}

/// Reads the arguments of the process.
///
/// # Errors
/// When they make no sense.
pub(crate) fn from_process() -> Result<Command> {
    // Cargo says `--bench` to every benchmark.
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let Some(first) = words.next() else {
        return Ok(Command::Nothing);
    };
    if first == "--role" {
        return role(words).map(Command::Role);
    }
    let mut options = Options {
        rows: Vec::new(),
        pairs: PAIRS_DEFAULT,
        scale: 1,
        folder: binaries::target_dir()?.join("goals"),
        write: false,
    };
    let mut profiles = false;
    let mut next = Some(first);
    while let Some(word) = next {
        let mut value = || {
            words
                .next()
                .with_context(|| format!("{word} needs a value"))
        };
        match word.as_str() {
            "--pairs" => options.pairs = value()?.parse::<u32>().context("--pairs")?.max(1),
            "--scale" => options.scale = value()?.parse::<u32>().context("--scale")?.max(1),
            "--dir" => options.folder = value()?.into(),
            "--write" => options.write = true,
            "profile" => profiles = true,
            "all" => options.rows.extend(Row::ALL),
            name => match Row::named(name) {
                Some(row) => options.rows.push(row),
                None => bail!("{name:?} is no row\n{USAGE}"),
            },
        }
        next = words.next();
    }
    options.write &= options.scale == 1;
    options.folder = std::path::absolute(&options.folder).context("--dir")?;
    Ok(match profiles {
        true => Command::Profile(options),
        false => Command::Measure(options),
    })
}

fn role(mut words: impl Iterator<Item = String>) -> Result<Role> {
    let mut word = || words.next().context("a role needs more words");
    Ok(match word()?.as_str() {
        "worker" => Role::Worker(worker::Settings {
            endpoint: word()?,
            activities: word()?.parse().context("activities at once")?,
        }),
        "floor-server" => Role::FloorServer(Bound::from_words(&word()?, &word()?)?),
        "floor-client" => Role::FloorClient(word()?),
        other => bail!("{other:?} is no role"),
    })
}
