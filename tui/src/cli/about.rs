//! The first words of `durascope --help`; the keys come from the action table.

use crate::app::action;
use crate::app::action::Action;
use crate::app::action::Risk;
use crate::app::keymap;
use crate::app::place::HubTab;
use crate::app::place::Place;
use crate::text::wrap_words;

const COLUMNS: usize = 90;
const LINES_MAX: usize = 40;
/// Keeps a key and its title on one line.
const GLUE: &str = "¤";

/// What the dashboard is, and its keys.
pub(super) fn text() -> String {
    let here = || action::all().filter(|it| it.place.holds(Place::Hub(HubTab::Instances)));
    let mut looks: Vec<_> = here()
        .filter(|it| it.risk == Risk::View && it.footer > 0)
        .collect();
    looks.sort_by_key(|it| it.footer);
    let does = here().filter(|it| it.risk != Risk::View);
    let paragraphs = [
        "A live terminal dashboard for durable orchestrations.".to_owned(),
        "Shows one task hub as it moves: why each orchestration is not done, fan-outs with \
         their progress and the time that is left, failures, entities, queues and workers, \
         schedules."
            .to_owned(),
        format!("Keys to look around: {}.", keys(looks.into_iter())),
        format!(
            "Keys that change something, each with its equivalent command: {}.",
            keys(does)
        ),
        "Every screen has more; ? lists them, : finds them by name.".to_owned(),
    ];
    let wrapped = paragraphs.map(|it| wrap_words(&it, COLUMNS, LINES_MAX).join("\n"));
    wrapped.join("\n\n").replace(GLUE, " ")
}

fn keys<'a>(actions: impl Iterator<Item = &'a Action>) -> String {
    let named = actions.filter_map(|it| {
        let key = it.keys.first()?;
        let title = it.title.replace(' ', GLUE);
        Some(format!("{}{GLUE}{title}", keymap::name(*key)))
    });
    named.collect::<Vec<_>>().join(", ")
}
