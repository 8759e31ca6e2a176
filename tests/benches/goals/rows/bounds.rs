//! What gRPC alone, SQLite alone and the floor do on this machine.

use anyhow::Result;

use crate::alternate::Side;
use crate::alternate::alternate;
use crate::figures::Figure;
use crate::figures::short;
use crate::figures::shown;
use crate::floor;
use crate::floor::Load;
use crate::options::Options;
use crate::report::Section;
use crate::report::Table;

const ITEMS: u32 = 40_000;
const ROWS: u32 = 100_000;

pub(crate) async fn measure(options: &Options) -> Result<Section> {
    let mut section = Section::default();
    section.tables.push(sqlite(options)?);
    section.tables.push(items(options).await);
    section.note(
        "SQLite alone: rows of about 200 bytes with an index, one connection, WAL. gRPC alone: \
         one streamed item and one unary completion an activity, two processes.",
    );
    Ok(section)
}

fn sqlite(options: &Options) -> Result<Table> {
    let mut table = Table::new(&["SQLite: rows a commit", "normal rows/s", "full rows/s"]);
    for a_commit in [1, 10, 100, 1_000] {
        let mut cells = vec![short(f64::from(a_commit))];
        for full in [false, true] {
            let rows = (ROWS / options.scale / 10).max(a_commit) * a_commit.min(10);
            let mut rates = Vec::new();
            for _ in 0..options.pairs {
                let folder = options.fresh_folder()?;
                let path = folder.path().join("rows.db");
                rates.push(floor::rows_a_second(&path, full, rows, a_commit)?);
            }
            cells.push(shown(Figure::of(rates)));
        }
        table.row(cells);
    }
    Ok(table)
}

async fn items(options: &Options) -> Table {
    let count = options.size(ITEMS);
    let mut table = Table::new(&[
        "outstanding",
        "gRPC alone, items/s",
        "floor normal, items/s",
        "floor full, items/s",
    ]);
    for outstanding in [1, 16, 64, 256, 1_024] {
        let load = Load {
            items: if outstanding == 1 { count / 10 } else { count },
            outstanding,
            chained: false,
        };
        let sides = [
            Side::new("gRPC alone", move || floor::run_without_database(load)),
            Side::new("floor normal", move || floor::run(options, "normal", load)),
            Side::new("floor full", move || floor::run(options, "full", load)),
        ];
        let series = alternate(options.pairs, &sides).await;
        let rates = series.iter().map(|it| shown(it.figure(|run| run.rate())));
        table.row(std::iter::once(outstanding.to_string()).chain(rates));
    }
    table
}
