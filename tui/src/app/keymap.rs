//! Keys by their names for people.

use crate::app::event::Code;
use crate::app::event::Key;

/// The name of a key, as the help and the footer show it.
pub fn name(key: Key) -> String {
    let base = match key.code {
        Code::Char(' ') => "Space".to_owned(),
        Code::Char(it) => it.to_string(),
        Code::Enter => "Enter".to_owned(),
        Code::Esc => "Esc".to_owned(),
        Code::Backspace => "Backspace".to_owned(),
        Code::Delete => "Delete".to_owned(),
        Code::Tab => "Tab".to_owned(),
        Code::BackTab => "shift-Tab".to_owned(),
        Code::Up => "Up".to_owned(),
        Code::Down => "Down".to_owned(),
        Code::Left => "Left".to_owned(),
        Code::Right => "Right".to_owned(),
        Code::Home => "Home".to_owned(),
        Code::End => "End".to_owned(),
        Code::PageUp => "PgUp".to_owned(),
        Code::PageDown => "PgDn".to_owned(),
    };
    match (key.ctrl, key.alt) {
        (true, _) => format!("ctrl-{base}"),
        (false, true) => format!("alt-{base}"),
        (false, false) => base,
    }
}

/// All names of an action's keys.
pub fn names(keys: &[Key]) -> String {
    keys.iter()
        .map(|it| name(*it))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use crate::app::action;
    use crate::app::place::HubTab;
    use crate::app::place::InstanceTab;
    use crate::app::place::Place;

    #[test]
    fn no_key_means_two_things_on_one_screen() {
        let tabs = HubTab::ALL.map(Place::Hub);
        let instance = InstanceTab::ALL.map(Place::Instance);
        for place in tabs.into_iter().chain(instance).chain([Place::Compare]) {
            let here: Vec<_> = action::all().filter(|it| it.place.holds(place)).collect();
            for (index, one) in here.iter().enumerate() {
                for other in &here[index + 1..] {
                    let shared = one.keys.iter().find(|it| other.keys.contains(it));
                    assert_eq!(
                        shared, None,
                        "{:?} and {:?} share a key on {place:?}",
                        one.id, other.id
                    );
                }
            }
        }
    }
}
